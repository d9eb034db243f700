"""Random sequences of what happens to ended chats, from ``tests.benchmarks.limit``, which is the long form."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.commands import REPOSITORY, environment
from tests.support.fuzzing import chance, times

SEQUENCES = 2


@pytest.mark.slow
@pytest.mark.usefixtures("area")
def test_the_limit_of_ended_chats_removes_nothing_that_was_meant_to_stay() -> None:
    with chance() as choose:
        # A process of its own, since the sequences fork, and this one may have threads and a window.
        command = [sys.executable, "-m", "tests.benchmarks.limit", "--at-once", "1"]
        options = ["--sequences", str(times(SEQUENCES)), "--seed", str(choose.randrange(1_000_000))]
        done = subprocess.run(
            [*command, *options], cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
