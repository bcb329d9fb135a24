#!/usr/bin/env python3
"""Brings the pinned corpus of the benchmarks and unpacks the files that are checked.

    bench/corpus.py DIR

`DIR/python` gets the Python files of the wheels in `corpus-python.txt` (by pip, from the index that it is set up with; every
hash is checked), `DIR/scripts` the shell scripts of git's own sources (Debian's archive, its hash below). Nothing else is unpacked.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = "http://deb.debian.org/debian/pool/main/g/git/git_2.39.5.orig.tar.xz"
SCRIPTS_SHA256 = "c58da92c378df4a986ca33266897a7397e86c22ee266a284d8c2432c39066b59"


def bring_python(target: Path) -> None:
    """The Python files of every wheel, each wheel in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        pinned = ["--require-hashes", "--requirement", str(HERE / "corpus-python.txt")]
        subprocess.run([*command, *pinned, "--dest", folder], check=True)
        for wheel in sorted(Path(folder).glob("*.whl")):
            name = wheel.name.partition("-")[0]
            with zipfile.ZipFile(wheel) as archive:
                for entry in archive.namelist():
                    if entry.endswith(".py"):
                        archive.extract(entry, target / name)


def bring_scripts(target: Path) -> None:
    """The scripts of git's sources.

    Raises:
        SystemExit: what was brought is not what is pinned.
    """
    with urllib.request.urlopen(SCRIPTS, timeout=120) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != SCRIPTS_SHA256:
        raise SystemExit(f"{SCRIPTS}: not the pinned file")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            path = Path(member.name)
            if member.isfile() and path.suffix in {".sh", ".bash"} and ".." not in path.parts:
                file = archive.extractfile(member)
                assert file is not None
                destination = target / path
                destination.parent.mkdir(parents=True, exist_ok=True)
                destination.write_bytes(file.read())


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    bring_python(folder / "python")
    bring_scripts(folder / "scripts")
    for name, pattern in (("python", "*.py"), ("scripts", "*.*sh")):
        files = [path for path in (folder / name).rglob(pattern) if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"{name}: {len(files)} files, {size / 1e6:.1f} MB in {folder / name}")


if __name__ == "__main__":
    main()
