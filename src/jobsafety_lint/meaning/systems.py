"""What is known of a script by the system that it belongs to: who starts it, and where its folders lie."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.foreign import is_nextflow_template
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.project.neighbours import folder_of
from jobsafety_lint.source import Place, Source
from jobsafety_lint.surroundings import kind_of

_OF_PACKAGE = re.compile(
    r"(?i)(?:^|/)debian/(?:[^/]+\.)?(?:pre|post)(?:inst|rm)$|(?:^|/)(?:pre|post)(?:inst|rm)$|\.alpm\.script$|(?:^|/)snap/hooks/[\w-]+$"
)
"""What dpkg, pacman and snapd run under their locks when a package is installed, changed or removed."""
_OF_BOOT = re.compile(
    r"(?:^|/)(?:init-(?:top|premount|bottom)|(?:local|nfs)-(?:top|premount|bottom)|local-block)/[^/]+$"
)
"""The folders of initramfs-tools(7), whose scripts the first program of a boot runs one after the other."""
_OPENWRT_SERVICE = re.compile(r"#![^\n]*/etc/rc\.common\b")
_PROCD = re.compile(r"(?m)^USE_PROCD=1\b")
_OF_PIPELINE = ("nextflow.config", "main.nf")
_DRACUT_HOOK = re.compile(r"(?:^|[\s;&|])(?:\.|source)[ \t]+\S*/dracut-lib\.sh\b")


def runs_alone(place: Place, execution: Execution) -> bool:
    """Whether no two runs come to this place at once, because the program that starts the script holds a lock.

    OpenWrt's `procd.sh` takes one (flock) for the service before it calls the functions of its script; what stands outside of
    functions runs before that.
    """
    file = place.source.file
    if _OF_PACKAGE.search(file.path) is not None or _OF_BOOT.search(file.path) is not None:
        return True
    return bool(execution.functions) and _is_openwrt_service(file) and _PROCD.search(file.text) is not None


def has_own_folder(file: Source) -> bool:
    """Whether each run of a script has a working folder of its own: Nextflow makes one for every task, also where that calls a
    script in `bin/` of the pipeline (https://training.nextflow.io/advanced/structure/, "./bin").
    """
    folder = folder_of(file)
    return is_nextflow_template(file) or (
        folder is not None
        and folder.name == "bin"
        and any(kind_of(folder.parent / name) == "file" for name in _OF_PIPELINE)
    )


def is_beside_temporary_files(path: PathPattern, file: Source) -> bool:
    """Whether a path lies on the file system of `/tmp`: below it; below `/var` on OpenWrt, where that is a link to it (package
    base-files); anywhere in the first file system of a boot, which lies in memory as a whole (dracut.modules(7)).
    """
    if path.in_temporary_folder or _DRACUT_HOOK.search(file.text) is not None:
        return True
    return path.literal.startswith("/var/") and _is_openwrt_service(file)


def _is_openwrt_service(file: Source) -> bool:
    return _OPENWRT_SERVICE.match(file.text) is not None
