"""The packages of the running Python, told from its folders: `importlib.metadata` takes 20 ms to tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator


def metadata_folders() -> Iterator[tuple[str, list[str]]]:
    """The folders of `sys.path`, each with the names of the metadata folders in it (`NAME-VERSION.dist-info`,
    https://packaging.python.org/specifications/recording-installed-packages/). A path that does not exist is
    passed over; one that cannot be listed, such as an archive, comes with the one name `""`.
    """
    for folder in sys.path:
        try:
            names = [
                e.name for e in os.scandir(folder or ".") if e.name.endswith((".dist-info", ".egg-info"))
            ]
        except FileNotFoundError:
            continue
        except OSError:
            names = [""]
        yield folder, sorted(names)
