"""Focus reports to a program without a viewer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol import messages
from session_host.protocol.messages import InputRefused
from session_host.session import focus
from session_host.session.attachments import Attachment
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.waiting import eventually

ASKS, ASKS_NO_MORE = b"\x1b[?1004h", b"\x1b[?1004l"
OUT, IN = b"\x1b[O", b"\x1b[I"


class Client:
    """A viewer's connection that accepts everything except a refusal."""

    def written(self, attachment: str, sequence: int) -> None:
        """Accept the input's delivery."""

    def input_refused(self, message: InputRefused) -> None:
        raise AssertionError(message)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionHarness]:
    monkeypatch.setattr(focus, "GRACE_S", 0.01)
    with session_harness() as session:
        yield session


def host(harness: SessionHarness) -> SessionHarness:
    harness.host()
    harness.attach_pty()
    return harness


def attach_viewer(harness: SessionHarness, resume: str = "") -> Attachment:
    """Attach a viewer that shows the session."""
    attachment = harness.session.viewers.attach(Client(), resume=resume, read_only=False)
    harness.session.viewers.set_follows_output(attachment, output=True)
    harness.driver.performer.perform()
    return attachment


def report_focus(harness: SessionHarness, attachment: Attachment, *, focused: bool) -> None:
    harness.take(attachment, messages.Focus(attachment.id, attachment.last_sequence + 1, focused))


async def until_unseen(harness: SessionHarness) -> None:
    await eventually(lambda: harness.session.viewers.focus.is_unseen, 10, "the time for viewers to come to be over")


async def test_a_program_gets_one_focus_report_each_time_it_turns_them_on(harness: SessionHarness) -> None:
    host(harness).write_output(b"hello")
    await until_unseen(harness)
    harness.write_output(b"nothing is asked")
    assert harness.read_typed() == b""
    harness.write_output(ASKS)
    harness.write_output(b"more")
    assert harness.read_typed() == OUT
    harness.write_output(ASKS_NO_MORE)
    harness.write_output(b"another program")
    harness.write_output(ASKS)
    assert harness.read_typed() == OUT


async def test_a_focus_report_is_not_repeated_after_a_kill(harness: SessionHarness) -> None:
    host(harness).write_output(ASKS)
    await until_unseen(harness)
    assert harness.read_typed() == OUT
    for _ in range(2):
        harness.kill()
        host(harness)
        await until_unseen(harness)
        harness.write_output(b"more")
        assert harness.read_typed() == b""
    await harness.checkpointer.make_portable()
    harness.kill()
    host(harness)
    await until_unseen(harness)
    assert harness.read_typed() == b""


async def test_a_viewer_without_a_focus_report_counts_as_focused(harness: SessionHarness) -> None:
    host(harness)
    attachment = attach_viewer(harness)
    harness.write_output(ASKS)
    assert not harness.session.viewers.focus.is_unseen
    harness.session.viewers.detach(attachment)
    harness.driver.performer.perform()
    await until_unseen(harness)
    assert harness.read_typed() == OUT


async def test_a_viewer_with_a_window_behind_others_is_not_focused(harness: SessionHarness) -> None:
    host(harness)
    attachment = attach_viewer(harness)
    report_focus(harness, attachment, focused=False)
    await until_unseen(harness)
    harness.write_output(ASKS)
    assert harness.read_typed() == OUT
    report_focus(harness, attachment, focused=True)
    assert harness.read_typed() == IN
    report_focus(harness, attachment, focused=False)
    await until_unseen(harness)
    harness.write_output(b"more")
    assert harness.read_typed() == OUT


async def test_a_viewer_that_returns_in_time_causes_no_report_and_a_later_one_does(harness: SessionHarness) -> None:
    host(harness).write_output(ASKS)
    attachment = attach_viewer(harness)
    report_focus(harness, attachment, focused=True)
    assert harness.read_typed() == IN
    harness.kill()
    host(harness)
    attachment = attach_viewer(harness, attachment.id)
    assert attachment.focused
    assert harness.session.viewers.focus.state is focus.FocusState.SHOWN
    assert harness.read_typed() == b""
    client = attachment.client
    assert client is not None
    harness.session.viewers.disconnect(attachment, client)
    harness.driver.performer.perform()
    await until_unseen(harness)
    assert harness.read_typed() == OUT
    attach_viewer(harness, attachment.id)
    assert harness.read_typed() == IN
