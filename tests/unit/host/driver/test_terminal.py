"""Replies about images wait until the program reads without echo; a kill meanwhile neither loses nor repeats one."""

from __future__ import annotations

import termios
import tty
from collections.abc import Iterator

import pytest

from session_host.host.driver import terminal
from session_host.terminal import available_engines
from tests.support.images import command
from tests.support.session_harness import SessionHarness, is_quiet, session_harness
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

QUERY = command("a=q,i=1,s=1,v=1,f=24", b"abc")
REPLY, DA1 = b"\x1b_Gi=1;OK\x1b\\", b"\x1b[?62;4;22c"


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionHarness]:
    """A session with a program that reads with echo, as a shell's command does."""
    monkeypatch.setattr(terminal, "REPLY_WAIT_S", 600.0)
    with session_harness(engine="ghostty", cooked=True) as harness:
        yield harness


def start(harness: SessionHarness) -> None:
    """Start a host, which writes to the PTY."""
    harness.host()
    harness.attach_pty()


async def send_queries(harness: SessionHarness, output: bytes = QUERY + b"\x1b[c") -> None:
    """Let the program ask, and wait until its output is interpreted."""
    harness.write_output(output)
    await eventually(lambda: is_quiet(harness.driver.worker), 10, "the output to be interpreted")


async def read(harness: SessionHarness, length: int) -> bytes:
    """Read the program's next input of this length."""
    await eventually(lambda: harness.unread_bytes >= length, 10, "the replies")
    return harness.read_typed()


async def test_a_program_that_turns_the_echo_off_after_its_question_gets_the_answer(harness: SessionHarness):
    start(harness)
    await send_queries(harness)
    assert harness.unread_bytes == 0
    tty.setraw(harness.slave, termios.TCSAFLUSH)
    assert await read(harness, len(REPLY + DA1)) == REPLY + DA1


async def test_without_echo_or_for_other_queries_there_is_no_delay(harness: SessionHarness):
    start(harness)
    await send_queries(harness, b"\x1b[c")
    await eventually(lambda: harness.unread_bytes == len(DA1), 10, "the reply")
    tty.setraw(harness.slave, termios.TCSANOW)
    # Read it instead of flushing: the kernel may deliver the reply a moment after the host has written it.
    assert harness.read_typed() == DA1
    await send_queries(harness)
    assert await read(harness, len(REPLY + DA1)) == REPLY + DA1


async def test_a_program_that_keeps_the_echo_gets_the_answer_later(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(terminal, "REPLY_WAIT_S", 0.01)
    start(harness)
    await send_queries(harness)
    await eventually(lambda: harness.unread_bytes == len(REPLY + DA1), 10, "the replies")


@pytest.mark.parametrize("checkpoint", [False, True])
async def test_a_kill_while_a_reply_waits_neither_loses_nor_repeats_it(harness: SessionHarness, checkpoint: bool):
    start(harness)
    await send_queries(harness)
    if checkpoint:
        await harness.checkpointer.make_portable()
        assert harness.unread_bytes == len(REPLY + DA1)
    else:
        assert harness.unread_bytes == 0
    harness.kill()
    tty.setraw(harness.slave, termios.TCSANOW)
    start(harness)
    if not checkpoint:
        assert await read(harness, len(REPLY + DA1)) == REPLY + DA1
    assert harness.recovered.replies == (b"" if checkpoint else REPLY + DA1)
