"""Programs that run other programs, in every spelling: what stands inside is found where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Findings = Callable[..., list[dict[str, Any]]]
RESTART = "pueue restart -i -a"

WRAPPED = (
    f"docker exec db {RESTART}",
    f"docker compose -f a.yml exec -T web {RESTART}",
    f"docker-compose run --rm web {RESTART}",
    f"podman run --rm -v /srv:/srv -e A=b image {RESTART}",
    f"docker run --rm --entrypoint sh image -c '{RESTART}'",
    f"kubectl exec -n ns pod -c app -- {RESTART}",
    f"kubectl -n ns exec -it deploy/app -- sh -c '{RESTART}'",
    f"lxc exec box -- {RESTART}",
    f"su - app -c '{RESTART}'",
    f"su app -s /bin/bash -c '{RESTART}'",
    f"sg docker -c '{RESTART}'",
    f"gosu app {RESTART}",
    f"chroot /mnt {RESTART}",
    f"nsenter -t 1 -m -u -- {RESTART}",
    f"sshpass -f pw ssh host '{RESTART}'",
    f"gcloud compute ssh vm --zone z --command '{RESTART}'",
    f"vagrant ssh -c '{RESTART}'",
    f"mise exec node@20 -- {RESTART}",
    f"mise x python@3.12 uv -- {RESTART}",
    f"mise exec -c '{RESTART}'",
    f"uv tool run --from pueue {RESTART}",
    f"doppler run --command '{RESTART}'",
    f"systemd-run --desc nightly {RESTART}",
    f"tmux new -d '{RESTART}'",
    f'tmux new-session -d -s work "cd /srv && {RESTART}"',
    f"screen -dmS work {RESTART}",
    f"nq {RESTART}",
    f"xvfb-run -a {RESTART}",
    f"at now <<E\n{RESTART}\nE",
    f"echo '{RESTART}' | at now",
    f"bash <<< '{RESTART}'",
    f"ssh host bash -s <<< '{RESTART}'",
    f"echo '{RESTART}' | ssh host",
    f"echo '{RESTART}' | ssh host bash -s",
    f"cat <<'E' | sudo bash\n{RESTART}\nE",
    f"ssh host \"$(cat <<'E'\n{RESTART}\nE\n)\"",
    f"cat <<E\n$({RESTART})\nE",
    f'as_user() {{ runuser -u "$u" -- "$@"; }}\nas_user bash <<E\n{RESTART}\nE',
    f"docker exec -i db bash <<E\n{RESTART}\nE",
)
"""Texts of bash that each run the same command once."""


@pytest.mark.parametrize("text", WRAPPED)
def test_what_is_inside_is_found_where_it_stands(text: str, findings: Findings) -> None:
    (found,) = [f for f in findings({"a.sh": f"#!/bin/bash\n{text}\n"}) if f["code"] == "JOB306"]
    line = f"#!/bin/bash\n{text}".splitlines()[found["line"] - 1]
    assert line[found["column"] - 1 :].startswith(RESTART)


@pytest.mark.parametrize(
    "program",
    [
        '"${PUEUE:-pueue}"',
        '"$(command -v pueue)"',
        "`which pueue`",
        '"/usr/bin/pueue"',
    ],
)
def test_a_program_is_known_by_its_default_or_by_a_look_for_it(program: str, findings: Findings) -> None:
    found = findings({"a.sh": f"{program} restart -i -a\n"})
    assert [f["code"] for f in found] == ["JOB306"]


@pytest.mark.parametrize(
    "call",
    [
        'subprocess.run([os.environ.get("PUEUE", "pueue"), "restart", "-i", "-a"])',
        'subprocess.run([shutil.which("pueue"), "restart", "-i", "-a"])',
        'subprocess.run([binary, "restart", "-i", "-a"])',
        'subprocess.run(["ssh", host, "bash", "-s"], input="pueue restart -i -a")',
        'subprocess.run(textwrap.dedent("""\n        cd /srv\n        pueue restart -i -a\n    """), shell=True)',
    ],
)
def test_python_by_way_of_defaults_and_inputs(call: str, findings: Findings) -> None:
    head = "import os\nimport shutil\nimport subprocess\nimport textwrap\n\n\n"
    found = findings({"a.py": f'{head}def run(host, binary="pueue"):\n    {call}\n'})
    assert [f["code"] for f in found] == ["JOB306"]


def test_a_container_of_its_own_has_files_of_its_own(findings: Findings) -> None:
    text = "[ -f state/lease ] && rm state/lease; echo done"
    found = findings(
        {
            "a.sh": f"docker run --rm image sh -c '{text}'\n"
            f"docker run --rm -v /srv:/srv image sh -c '{text}'\n"
            f"docker exec db sh -c '{text}'\n"
        }
    )
    assert [(f["code"], f["line"]) for f in found] == [("JOB101", 2), ("JOB101", 3)]


def test_options_behind_the_container_are_those_of_what_it_runs(findings: Findings) -> None:
    assert findings({"a.sh": "docker run --rm image -c 'pueue restart -i -a'\n"}) == []
