"""Scripts that whoever starts them runs one at a time, by what they are."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.source import Place, Source

_OF_PACKAGE = re.compile(
    r"(?i)(?:^|/)debian/(?:[^/]+\.)?(?:pre|post)(?:inst|rm)$|\.alpm\.script$|(?:^|/)snap/hooks/[\w-]+$"
)
"""What dpkg, pacman and snapd run under their locks when a package is installed, changed or removed."""
_OPENWRT_SERVICE = re.compile(r"#![^\n]*/etc/rc\.common\b")
_PROCD = re.compile(r"(?m)^USE_PROCD=1\b")


def runs_alone(place: Place, execution: Execution) -> bool:
    """Whether no two runs come to this place at once, because the program that starts the script holds a lock."""
    file = place.source.file
    return _OF_PACKAGE.search(file.path) is not None or (
        bool(execution.functions) and _is_procd_service(file)
    )


def is_openwrt_service(file: Source) -> bool:
    """Whether it is a service script of OpenWrt, where `/var` is a link to `/tmp` (its package base-files)."""
    return _OPENWRT_SERVICE.match(file.text) is not None


def _is_procd_service(file: Source) -> bool:
    """Whether OpenWrt's procd runs the functions of a service script: `procd.sh` takes a lock (flock) for the service first.
    What stands outside of functions runs before that.
    """
    return is_openwrt_service(file) and _PROCD.search(file.text) is not None
