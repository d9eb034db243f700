"""The screen of an ended shell is the first output of the shell that replaces it, complete and once."""

from __future__ import annotations

import os

import pytest

from session_host.paths import make_directories, session_history
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.system.processes.pty_process import PtyProcess
from tests.support.area import Area
from tests.support.kept_sessions import KeptSession, kept_session

SCREEN = b"a line of the shell before\r\n" * 400


@pytest.mark.parametrize("written", [0, PAGE_BYTES, len(SCREEN)])
async def test_a_host_killed_while_it_writes_the_previous_screen_leaves_the_rest_to_the_next(
    area: Area, written: int
) -> None:
    with kept_session(begins_with_screen=True) as kept:
        path = session_history(kept.spec.session_id)
        make_directories(path.parent)
        path.write_bytes(SCREEN)
        kept.host()
        os.pwrite(kept.descriptors.output_file, SCREEN[:written], 0)
        kept.kill()

        begin(kept)
        assert output(kept) == SCREEN
        kept.kill()

        kept.host()
        assert kept.recovered.log_state.child_started is not None, "a third host does not begin again"
        kept.attach_pty()
        assert output(kept) == SCREEN


def begin(kept: KeptSession) -> None:
    kept.host().begin(PtyProcess(os.getpid(), None, kept.descriptors.master))


def output(kept: KeptSession) -> bytes:
    return os.pread(kept.descriptors.output_file, kept.output_file.end + 1, 0)
