"""No regular expression of ours takes exponential or cubic time on any text: the texts are other people's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCANNER = Path(sys.executable).with_name("regexploit-py")


def _scanned(*files: Path) -> str:
    done = subprocess.run([SCANNER, *files], capture_output=True, text=True, check=False)
    assert "Processed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_no_expression_backtracks_without_bounds() -> None:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "rules").rglob("*.py")]
    found = _scanned(*files)
    assert int(found.rpartition("Processed")[2].split()[0]) > 300
    assert "Vulnerable regex" not in found, found


def test_the_scanner_finds_one_that_does(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text('import re\n\nBAD = re.compile(r"in(?:\\s+|\\s#[^\\n]*\\n)*x")\n')
    assert "exponential" in _scanned(bad)
