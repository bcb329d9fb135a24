"""Conditions that leave one process of a distributed job."""

from __future__ import annotations

import pytest

from jobsafety_lint.meaning.one_rank import holds_in_one_rank


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("rank == 0", True),
        ("args.local_rank in (-1, 0)", True),
        ("dist.get_rank() == 0 and force", True),
        ("not rank", True),
        ("accelerator.is_main_process", True),
        ("trainer.is_rank_zero()", True),
        ("not rank != 0", True),
        ("not (rank != 0 or missing)", True),
        ("comm is None or comm.rank == 0", True),
        ("not dist.is_initialized() or dist.get_rank() == 0", True),
        ("not (args.distributed and args.rank != 0)", True),
        ("rank != 0", False),
        ("comm is None", False),
        ("comm is not None or comm.rank == 0", False),
        ("not rank == 0", False),
        ("rank", False),
        ("rank in (0, 1)", False),
        ("rank < 0", False),
        ("rank == 1", False),
        ("rank == 0 or force", False),
        ("rank == 0 or is_chief", True),
        ("not accelerator.is_main_process", False),
        ("rank == size - 1", False),
        ("ranking == 0", False),
        ("is_main_window", False),
        ('[ "$RANK" -eq 0 ]', False),
        ("rank ==", False),
    ],
)
def test_one_process_is_left(condition: str, expected: bool) -> None:
    assert holds_in_one_rank(condition) is expected
