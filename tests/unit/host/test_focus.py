"""Focus reports to a program without a viewer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol import messages
from session_host.protocol.messages import InputRefused
from session_host.session import focus
from session_host.session.attachments import Attachment
from tests.support.kept_sessions import KeptSession, kept_session
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
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptSession]:
    monkeypatch.setattr(focus, "GRACE_S", 0.01)
    with kept_session() as session:
        yield session


def host(kept: KeptSession) -> KeptSession:
    kept.host()
    kept.attach_pty()
    return kept


def attach_viewer(kept: KeptSession, resume: str = "") -> Attachment:
    """Attach a viewer that shows the session."""
    attachment = kept.session.viewers.attach(Client(), resume=resume, read_only=False)
    kept.session.viewers.set_follows_output(attachment, output=True)
    kept.driver.performer.perform()
    return attachment


def report_focus(kept: KeptSession, attachment: Attachment, *, focused: bool) -> None:
    kept.take(attachment, messages.Focus(attachment.id, attachment.last_sequence + 1, focused))


async def until_unseen(kept: KeptSession) -> None:
    await eventually(lambda: kept.session.viewers.focus.is_unseen, 10, "the time for viewers to come to be over")


async def test_a_program_gets_one_focus_report_each_time_it_turns_them_on(kept: KeptSession) -> None:
    host(kept).write_output(b"hello")
    await until_unseen(kept)
    kept.write_output(b"nothing is asked")
    assert kept.read_typed() == b""
    kept.write_output(ASKS)
    kept.write_output(b"more")
    assert kept.read_typed() == OUT
    kept.write_output(ASKS_NO_MORE)
    kept.write_output(b"another program")
    kept.write_output(ASKS)
    assert kept.read_typed() == OUT


async def test_a_focus_report_is_not_repeated_after_a_kill(kept: KeptSession) -> None:
    host(kept).write_output(ASKS)
    await until_unseen(kept)
    assert kept.read_typed() == OUT
    for _ in range(2):
        kept.kill()
        host(kept)
        await until_unseen(kept)
        kept.write_output(b"more")
        assert kept.read_typed() == b""
    await kept.checkpointer.make_portable()
    kept.kill()
    host(kept)
    await until_unseen(kept)
    assert kept.read_typed() == b""


async def test_a_viewer_without_a_focus_report_counts_as_focused(kept: KeptSession) -> None:
    host(kept)
    attachment = attach_viewer(kept)
    kept.write_output(ASKS)
    assert not kept.session.viewers.focus.is_unseen
    kept.session.viewers.detach(attachment)
    kept.driver.performer.perform()
    await until_unseen(kept)
    assert kept.read_typed() == OUT


async def test_a_viewer_with_a_window_behind_others_is_not_focused(kept: KeptSession) -> None:
    host(kept)
    attachment = attach_viewer(kept)
    report_focus(kept, attachment, focused=False)
    await until_unseen(kept)
    kept.write_output(ASKS)
    assert kept.read_typed() == OUT
    report_focus(kept, attachment, focused=True)
    assert kept.read_typed() == IN
    report_focus(kept, attachment, focused=False)
    await until_unseen(kept)
    kept.write_output(b"more")
    assert kept.read_typed() == OUT


async def test_a_viewer_that_returns_in_time_causes_no_report_and_a_later_one_does(kept: KeptSession) -> None:
    host(kept).write_output(ASKS)
    attachment = attach_viewer(kept)
    report_focus(kept, attachment, focused=True)
    assert kept.read_typed() == IN
    kept.kill()
    host(kept)
    attachment = attach_viewer(kept, attachment.id)
    assert attachment.focused
    assert kept.session.viewers.focus.state is focus.State.SHOWN
    assert kept.read_typed() == b""
    client = attachment.client
    assert client is not None
    kept.session.viewers.disconnect(attachment, client)
    kept.driver.performer.perform()
    await until_unseen(kept)
    assert kept.read_typed() == OUT
    attach_viewer(kept, attachment.id)
    assert kept.read_typed() == IN
