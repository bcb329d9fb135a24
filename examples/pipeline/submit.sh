#!/usr/bin/env bash
# Queue one job for each symbol and threshold.
set -euo pipefail

cd /srv/bars
pueue group add bars --parallel 4 || true

newest=$(find raw -name '*.csv' | sort -r | head -1)
echo "newest input: $newest"

for symbol in ALPHA BETA GAMMA; do
    for threshold in 5 10 20; do
        pueue add --group bars --label "$symbol@$threshold" -- \
            systemd-run --user --scope -p MemoryMax=8G \
            uv run python bars.py --symbol "$symbol" --threshold "$threshold"
    done
done

# The merge waits for the optimiser, which is task 14.
pueue add --group bars --label merge --after 14 -- env BARS_MIN_ROWS=50 uv run python bars.py --merge
