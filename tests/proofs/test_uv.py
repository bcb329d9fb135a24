"""A real uv keeps the answer of an index, so that a loop around an installation never sees what was published: JOB702."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

VERSIONS = ("1.0", "1.1")


class Index(ThreadingHTTPServer):
    """An index of one package that lets its pages be kept for ten minutes, as PyPI does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.published = ["1.0"]
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"


class Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.path == "/simple/demo/":
            self.server.asked += 1
            names = [f"demo-{version}-py3-none-any.whl" for version in self.server.published]
            self.answer(
                "".join(f'<a href="/files/{name}">{name}</a>' for name in names).encode(), "text/html"
            )
        elif self.path.startswith("/files/"):
            self.answer((self.server.folder / Path(self.path).name).read_bytes(), "application/zip")
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600, public")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    for version in VERSIONS:
        with zipfile.ZipFile(tmp_path / f"demo-{version}-py3-none-any.whl", "w") as wheel:
            info = f"demo-{version}.dist-info"
            wheel.writestr("demo.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "demo.py,,\n")
    server = Index(tmp_path)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_second_try_of_uv_has_the_answer_of_the_first(index: Index, tmp_path: Path) -> None:
    target = tmp_path / "installed"

    def install(*options: str, **variables: str) -> bool:
        command = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--target", str(target)]
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("UV_", "PIP_")) and "proxy" not in k.lower()
        }
        env = {**kept, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_DEFAULT_INDEX": index.url, **variables}
        done = subprocess.run([*command, *options, "demo==1.1"], env=env, capture_output=True, check=False)
        return done.returncode == 0

    assert not install()
    index.published = list(VERSIONS)
    asked = index.asked
    assert not install()
    assert index.asked == asked, "uv has asked again"
    assert install(UV_NO_CACHE="1")
    assert install("--refresh-package", "demo")
    assert install("--refresh")


def test_pip_asks_each_time(index: Index, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--quiet",
        "--target",
        str(tmp_path / "installed"),
    ]
    kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    env = {**kept, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def install() -> bool:
        tried = [*command, "--index-url", index.url, "demo==1.1"]
        return subprocess.run(tried, env=env, capture_output=True, check=False).returncode == 0

    assert not install()
    index.published = list(VERSIONS)
    assert install()
