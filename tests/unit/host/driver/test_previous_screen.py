"""The screen of an ended shell is the first output of the shell that replaces it, complete and once."""

from __future__ import annotations

import os

import pytest

from session_host.paths import make_directories, session_history
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.system.processes.pty_process import PtyProcess
from tests.support.area import Area
from tests.support.session_harness import SessionHarness, session_harness

SCREEN = b"a line of the shell before\r\n" * 400


@pytest.mark.parametrize("written", [0, PAGE_BYTES, len(SCREEN)])
async def test_a_host_killed_while_it_writes_the_previous_screen_leaves_the_rest_to_the_next(
    area: Area, written: int
) -> None:
    with session_harness(begins_with_screen=True) as harness:
        path = session_history(harness.spec.session_id)
        make_directories(path.parent)
        path.write_bytes(SCREEN)
        harness.host()
        os.pwrite(harness.descriptors.output_file, SCREEN[:written], 0)
        harness.kill()

        begin(harness)
        assert output(harness) == SCREEN
        harness.kill()

        harness.host()
        assert harness.recovered.log_state.child_started is not None, "a third host does not begin again"
        harness.attach_pty()
        assert output(harness) == SCREEN


def begin(harness: SessionHarness) -> None:
    harness.host().begin(PtyProcess(os.getpid(), None, harness.descriptors.master))


def output(harness: SessionHarness) -> bytes:
    return os.pread(harness.descriptors.output_file, harness.output_file.end + 1, 0)
