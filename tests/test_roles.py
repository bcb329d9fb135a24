"""What part of its project a file is, by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobsafety_lint.discover.roles import role_of


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("src/etl/run.py", "code"),
        ("scripts/testing/run.sh", "test"),
        ("Examples/Tests/reconnection/inputs.py", "test"),
        ("test_run.py", "test"),
        ("jobs/run_test.sh", "test"),
        ("latest/run.py", "code"),
        ("contest/run.py", "code"),
        ("Docs/build.sh", "docs"),
        ("third_party/zlib/build.sh", "vendored"),
        ("tmp/try.sh", "temporary"),
    ],
)
def test_role_by_path(path: str, role: str) -> None:
    root = Path("/tests/project")  # what stands above the root says nothing
    assert role_of(root / path, root) == role
