"""A real Neovim, headless, with the set-up that docs/editors.md gives for its version."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs" / "editors.md"
DROP = "from pathlib import Path\n\n\nHEART = '😀ä'\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"

DRIVE = """
local patience = 120000
local result = {}
local buffer = vim.api.nvim_get_current_buf()

local function shown()
  return vim.diagnostic.get(buffer)
end

local function choose(pattern)  -- what a person does in the menu of code actions
  vim.ui.select = function(items, options, on_choice)
    for at, item in ipairs(items) do
      if options.format_item(item):match(pattern) then
        return on_choice(item, at)
      end
    end
    error("no action " .. pattern)
  end
  vim.lsp.buf.code_action()
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\\n") .. "\\n"
end

local ok, problem = pcall(function()
  assert(vim.wait(patience, function() return #shown() > 0 end, 20), "no diagnostics")
  result.first = shown()
  vim.api.nvim_win_set_cursor(0, { result.first[1].lnum + 1, result.first[1].col })
  local before = text()
  choose(vim.env.CHOICE)
  assert(vim.wait(patience, function() return text() ~= before end, 20), "the text has not changed")
  assert(vim.wait(patience, function() return #shown() == 0 end, 20), "diagnostics are still there")
  result.text = text()
  vim.cmd("silent write")
end)
result.problem = not ok and tostring(problem) or nil
local out = assert(io.open(vim.env.RESULT, "w"))
out:write(vim.fn.json_encode(result))
out:close()
vim.cmd("qall!")
"""


def _set_up(version: str) -> str:
    """The block of the documentation for a version of Neovim."""
    new, old = re.findall(r"^```lua\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(new if tuple(map(int, version.split(".")[:2])) >= (0, 11) else old)


def _neovim(folder: Path, name: str, text: str, choice: str) -> dict[str, Any]:
    """Opens a file, takes one code action at its first diagnostic, and saves."""
    (folder / ".git").mkdir()
    target = folder / name
    target.write_text(text, encoding="utf-8")
    home = folder.parent / f"{folder.name}-home"
    home.mkdir()
    version = subprocess.run(["nvim", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"NVIM v(\d+\.\d+)", version)
    assert found is not None, version
    (home / "init.lua").write_text(_set_up(found[1]), encoding="utf-8")
    (home / "drive.lua").write_text(DRIVE, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RESULT": str(home / "result.json"),
        "CHOICE": choice,
        **{f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
    }
    command = ["nvim", "--headless", "-n", "-i", "NONE", "-u", str(home / "init.lua"), name]
    done = subprocess.run(
        [*command, "-c", f"luafile {home / 'drive.lua'}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert (home / "result.json").is_file(), done.stderr
    result: dict[str, Any] = json.loads((home / "result.json").read_text(encoding="utf-8"))
    assert "problem" not in result, (result["problem"], done.stderr)
    assert target.read_text(encoding="utf-8") == result["text"]
    return result


@pytest.mark.tool("nvim")
def test_neovim_shows_a_finding_and_applies_its_fix(tmp_path: Path) -> None:
    result = _neovim(tmp_path, "drop.py", DROP, "%(JOB101%)$")
    (shown,) = result["first"]
    assert (shown["code"], shown["source"], shown["severity"]) == ("JOB101", "jobsafety-lint", 2)
    assert (shown["lnum"], shown["col"], shown["end_col"]) == (8, 8, 18)
    assert result["text"] == DROP.replace("if p.exists():\n        p.unlink()", "p.unlink(missing_ok=True)")


@pytest.mark.tool("nvim")
def test_neovim_puts_a_suppression_behind_wide_characters(tmp_path: Path) -> None:
    text = "#!/bin/sh\necho '😀ä'; pueue kill 42\n"
    result = _neovim(tmp_path, "job.sh", text, "^Suppress JOB301")
    (shown,) = result["first"]
    assert shown["code"] == "JOB301"
    assert result["text"] == (
        "#!/bin/sh\necho '😀ä'; pueue kill 42  # jobsafety: ignore[hardcoded-task-id]\n"
    )
