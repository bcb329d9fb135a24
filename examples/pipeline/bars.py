"""Builds bars for one symbol and threshold; can be stopped and resumed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import polars as pl

STATE = Path("/srv/bars/state")
CHUNKS = Path("/srv/bars/chunks")


def checkpoint_path(symbol: str) -> Path:
    return STATE / f"{symbol}.checkpoint.json"


def build(symbol: str, threshold: int, rows: list[float], verbose: bool = False) -> None:
    checkpoint = checkpoint_path(symbol)
    start = json.loads(checkpoint.read_text())["row"] if checkpoint.exists() else 0
    for row, value in enumerate(rows[start:], start):
        if value > threshold:
            write_chunk(symbol, threshold, row, value)
        if row % 1000 == 0:
            checkpoint.write_text(json.dumps({"row": row}))
            if verbose:
                print(symbol, row)
    if checkpoint.exists():
        checkpoint.unlink()


def write_chunk(symbol: str, threshold: int, row: int, value: float) -> None:
    frame = pl.DataFrame({"row": [row], "value": [value]})
    frame.write_parquet(CHUNKS / f"chunk_{symbol}_{threshold}_{row}.parquet")


def merge(symbol: str, threshold: int) -> pl.DataFrame:
    chunks = sorted(CHUNKS.glob("chunk_*.parquet"))
    return pl.concat([pl.read_parquet(chunk) for chunk in chunks])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbol", required=True)
    parser.add_argument("--threshold", type=int, required=True)
    parser.add_argument("--merge", action="store_true")
    args = parser.parse_args()
    if args.merge:
        merge(args.symbol, args.threshold).write_parquet(STATE / f"bars_{args.symbol}_{args.threshold}.parquet")
    else:
        build(args.symbol, args.threshold, [1.0, 2.0, 4.0])


if __name__ == "__main__":
    main()
