"""Findings that are sure in one text and not in its twin: the unsure ones show with `--pedantic` only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Findings = Callable[..., list[dict[str, Any]]]

STRICT = "#!/usr/bin/env bash\nset -euo pipefail\n"
COUNTS = (
    'ls a | while read -r f; do cp "$f" "c/$i"; i=$((i + 1)); done\n'
    'ls b | while read -r f; do cp "$f" "c/$i"; i=$((i + 1)); done\n'
)
LOOP = "#!/usr/bin/env bash\nfor h in a b c; do\n    %s >> all.txt &\ndone\nwait\n"


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        ("JOB401", f"{STRICT}newest=$(ls -t logs | head -1)\n", True),
        ("JOB401", f"{STRICT}newest=$(ls -t dumps/*.zip | head -1)\n", False),
        ("JOB401", f"{STRICT}newest=$(find v -mindepth 1 -maxdepth 1 | sort -rV | head -1)\n", True),
        ("JOB401", f"{STRICT}newest=$(find v -type d -regex '.*[0-9]' | sort -rV | head -1)\n", False),
        ("JOB401", f"{STRICT}one=$(curl -s $url | head -1)\n", True),
        ("JOB401", f"{STRICT}one=$(curl -s $url | jq -r '.items[].ip' | head -1)\n", False),
        (
            "JOB401",
            f"{STRICT}ips() {{ curl -s $url | jq -r '.items[].ip'; }}\none=$(ips | tee | head -1)\n",
            False,
        ),
        ("JOB401", f"{STRICT}one=$(jq -r '.[].ip' hosts.json | cat | head -1; cat log | head -1)\n", True),
        ("JOB401", f"{STRICT}one=$(git tag --sort=-v:refname | head -1)\n", True),
        ("JOB401", f'{STRICT}one=$(git tag --sort=-v:refname -l "$minor*" | head -1)\n', False),
        ("JOB401", f"{STRICT}if git tag | grep -q ^$v$; then :; fi\n", True),
        (
            "JOB401",
            f"{STRICT}if git tag | grep -q ^$v$ || git ls-remote o $v | grep -q $v; then :; fi\n",
            False,
        ),
        ("JOB402", f"#!/bin/bash\ni=0\n{COUNTS}", False),
        ("JOB402", f'#!/bin/bash\ni=0\n{COUNTS}echo "$i files"\n', True),
        (
            "JOB402",
            '#!/bin/bash\ni=0\nls | while read -r f; do i=$((i + 1)); done\nls | sed "s/^/$i/"\n',
            True,
        ),
        ("JOB405", '#!/bin/bash\nssh h "ls $PATH; run"\n', True),
        ("JOB405", '#!/bin/bash\nssh h "export PATH=$PATH; run"\n', False),
        ("JOB405", '#!/bin/bash\nssh h "cp x $(mktemp)"\n', False),
        ("JOB405", '#!/bin/bash\nssh h "ls ${TMPDIR:-/tmp}"\n', True),
        ("JOB405", '#!/bin/bash\nssh h "export OTHER=$PATH; run"\n', True),
        ("JOB707", "#!/bin/bash\nrm -f /srv/checkpoints/*.json\n", True),
        ("JOB707", "#!/bin/bash\n./train\nrm -rf /tmp/checkpoints\n", False),
        ("JOB108", LOOP % "netperf -v 0", False),
        ("JOB108", LOOP % "python fetch.py $h", True),
        ("JOB108", LOOP % "dmesg", True),
    ],
)
def test_what_is_sure(findings: Findings, code: str, text: str, shown: bool) -> None:
    found = findings({"work.sh": text}, "--no-cache", "--min-severity", "info")
    assert (code in {f["code"] for f in found}) is shown
    every = findings({}, "--no-cache", "--min-severity", "info", "--pedantic")
    assert code in {f["code"] for f in every}
