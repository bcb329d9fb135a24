#!/usr/bin/env bash
# Bring the new code to the host and queue a smoke test.
set -euo pipefail
host=${1:?usage: deploy.sh HOST}

ssh "$host" 'cd /srv/bars && git fetch origin && git reset --hard origin/main && uv sync --frozen'
ssh "$host" 'pueue add --label smoke -- uv run python bars.py --symbol ALPHA --threshold 5'
