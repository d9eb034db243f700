"""Random working trees: nothing is lost by a restore, a discard, a removal; ``work_at_random`` is the long form."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.fuzzing import chance, times

pytestmark = pytest.mark.slow

PARTS = 4
CASES = 50
"""In each part."""


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_in_a_random_working_tree(part: int) -> None:
    with chance() as choose:
        seed, count = choose.getrandbits(32), times(CASES)
        options = [f"--seed={seed}", f"--from={part * count}", f"--cases={count}", "--workers=1", "--without-table"]
        done = subprocess.run(
            [sys.executable, "-m", "tests.kills.work_at_random", *options], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
