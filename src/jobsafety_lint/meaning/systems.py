"""What is known of a script by the system that it belongs to: who starts it, and where its folders lie."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place, Source

_OF_PACKAGE = re.compile(
    r"(?i)(?:^|/)debian/(?:[^/]+\.)?(?:pre|post)(?:inst|rm)$|(?:^|/)(?:pre|post)(?:inst|rm)$|\.alpm\.script$|(?:^|/)snap/hooks/[\w-]+$"
)
"""What dpkg, pacman and snapd run under their locks when a package is installed, changed or removed."""
_OPENWRT_SERVICE = re.compile(r"#![^\n]*/etc/rc\.common\b")
_PROCD = re.compile(r"(?m)^USE_PROCD=1\b")
_DRACUT_HOOK = re.compile(r"(?:^|[\s;&|])(?:\.|source)[ \t]+\S*/dracut-lib\.sh\b")


def runs_alone(place: Place, execution: Execution) -> bool:
    """Whether no two runs come to this place at once, because the program that starts the script holds a lock.

    OpenWrt's `procd.sh` takes one (flock) for the service before it calls the functions of its script; what stands outside of
    functions runs before that.
    """
    file = place.source.file
    if _OF_PACKAGE.search(file.path) is not None:
        return True
    return bool(execution.functions) and _is_openwrt_service(file) and _PROCD.search(file.text) is not None


def is_beside_temporary_files(path: PathPattern, file: Source) -> bool:
    """Whether a path lies on the file system of `/tmp`: below it; below `/var` on OpenWrt, where that is a link to it (package
    base-files); anywhere in the first file system of a boot, which lies in memory as a whole (dracut.modules(7)).
    """
    if path.in_temporary_folder or _DRACUT_HOOK.search(file.text) is not None:
        return True
    return path.literal.startswith("/var/") and _is_openwrt_service(file)


def _is_openwrt_service(file: Source) -> bool:
    return _OPENWRT_SERVICE.match(file.text) is not None
