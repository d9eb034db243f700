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

ONCE_FAULTS = (
    "undo-discard none file-mode-off.599752-1",
    "restore none modes.534108-0-1",
    "undo-restore save:change:5 names.272874-0-2",
    "restore none ident.59180-0",
    "restore none lossy-filter.262576-1",
    "restore none auto.784145",
    "undo-restore none marks.206049",
    "undo-restore none marks.36135",
    "undo-restore none lfs.783927-0",
    "undo-restore none attributes-change.281942-1",
    "restore kill:change:19 swap.816186-2",
    "restore save:git:18 names.272874",
    "discard save:change:10 names.272874",
    "restore full:write:10:on index.760143-0-1",
    "restore full:git:29 exact-filter.866882-0",
    "undo-restore full:git:27:on lossy-filter.901023",
    "undo-discard full:change:9 stash.568353",
    "undo-discard full:change:16 swap-with-ignored.489816-0",
    "take-back full:git:23:on sha256.416098-0",
    "undo-take-back none modes.883771-1",
    "undo-take-back none repository-filter.679575-0",
    "undo-take-back full:change:16:on unborn.347140-0-1-2-4",
    "undo-take-back none modes.794630 file-mode-off.318202-0-1",
    "undo-discard none attributes-change.828037-0",
    "undo-restore none crlf.134177-0-1 lfs.487696-0-1 auto.50994-1",
    "restore none attributes-change.707961-0 hidden-untracked.531627-0-1",
    "rm save:git:12 commits.144567-0-1",
    "rm none inside-ignored.412217-0",
    "rm full:git:16 file-mode-off.328819",
)
"""The smallest cases of faults that were found, as long as the features draw what they drew then."""


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_in_a_random_working_tree(part: int) -> None:
    with chance() as choose:
        seed, count = choose.getrandbits(32), times(CASES)
        check(f"--seed={seed}", f"--from={part * count}", f"--cases={count}", "--workers=1", "--without-table")


def test_what_was_lost_once_is_kept() -> None:
    check(*(f"--repeat={case}" for case in ONCE_FAULTS))


def check(*options: str) -> None:
    command = [sys.executable, "-m", "tests.kills.work_at_random", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
