"""The bridge's command without another machine."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.commands import OUTLIVE, environment


@pytest.mark.parametrize("stdout", [subprocess.PIPE, subprocess.DEVNULL])
def test_a_bridge_that_a_user_starts_by_hand_says_what_it_is_for(stdout: int) -> None:
    done = subprocess.run(
        [*OUTLIVE, "bridge", "token"],
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment(), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "outlive: only another machine's Outlive runs this command, over ssh\n",
    )
