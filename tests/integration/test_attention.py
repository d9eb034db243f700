"""A chat that needs input waits for the answer, with any number of viewers."""

from __future__ import annotations

import asyncio

import pytest

from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.protocol.messages import Attach, Describe, Description, Message
from session_host.protocol.values import Activity, MouseAction, MouseButton
from tests.support.hosts import end, see, start, watching
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


async def activity(session_id: str) -> Activity:
    description: Description = await request(session_id, Describe(0))
    return description.activity


async def test_viewing_a_chat_that_needs_input_is_no_answer_but_typing_is() -> None:
    says = r"printf '\033]777;notify;Agent;Run it?\007asked\n'"
    record = await start("sh", "-c", f"{says}; exec cat", asks_by_notification=True)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "asked")
        assert await activity(record.id) is Activity.NEEDS_INPUT
        viewer.focus(True)
        viewer.mouse(MouseAction.MOTION, MouseButton.NONE, 3, 3, 0)
        viewer.focus(False)
        await eventually(lambda: viewer.pending == 0, 10, "the inputs to be acknowledged")
        assert await activity(record.id) is Activity.NEEDS_INPUT
        viewer.key("y", "y")
        await see(viewer, watcher, "y")
        assert await activity(record.id) is Activity.NO_SIGNAL
    await end(record.id)


async def test_a_viewer_that_wants_output_before_it_is_attached_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, a tab that was activated while its chat was being attached stayed empty."""
    record = await start("sh", "-c", "echo end of lines; exec cat")
    send, attach_sent = HostConnection.send_message, asyncio.Event()

    def send_and_tell(connection: HostConnection, message: Message) -> None:
        send(connection, message)
        if isinstance(message, Attach) and not attach_sent.is_set():
            attach_sent.set()
            viewer.follow(True)

    monkeypatch.setattr(HostConnection, "send_message", send_and_tell)
    async with watching(record.id, output=False, live=False) as (viewer, watcher):
        await asyncio.wait_for(attach_sent.wait(), 60)
        await see(viewer, watcher, "end of lines")
    await end(record.id)
