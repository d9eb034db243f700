"""What the window asks about a chat on another machine is answered there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from session_host.client.chats.chat_days import chat_days
from session_host.client.chats.ended_chat import inspect_ended_chat
from session_host.client.chats.last_view import last_screen_for
from session_host.client.chats.resume import resume
from session_host.client.control import ControlConnection, request
from session_host.client.sessions.following import later_changes
from session_host.client.sessions.listing import session_named
from session_host.client.sessions.store_calls import changes_since, rename_chat
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.taking_back import take_back
from session_host.errors import WorktreeError
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.messages import Describe, Kill, Send
from session_host.protocol.values import State
from session_host.system import event_loop
from session_host.terminal import default_engine, engine_build
from tests.support.commands import outlive
from tests.support.ssh_machines import SshMachine


def test_a_chat_there_is_asked_ended_shown_and_resumed(alpha: SshMachine) -> None:
    started = outlive("new", "-d", "--on", "alpha", "-n", "prompt", "shell")
    assert started.code == 0, started.error
    event_loop.run(_use(alpha))


async def _use(alpha: SshMachine) -> None:
    machine = RemoteMachine(Link(MachineEntry("alpha", "alpha")))
    try:
        session_id = (await machine.call(session_named, "prompt")).id
        assert (await request(session_id, Describe(0), machine)).facts.origin.cwd == str(alpha.home)
        position = (await machine.call(changes_since, None)).position
        waiting = asyncio.ensure_future(machine.call(later_changes, position))
        await machine.call(rename_chat, session_id, "renamed")
        assert [each.entry.name for each in (await waiting).changed] == ["renamed"]
        before = await machine.call(changes_since, None)
        assert [(each.id, each.entry.name, before.removed) for each in before.changed] == [
            (session_id, "renamed", None)
        ]
        with pytest.raises(WorktreeError, match="not in a git repository"):
            await machine.call(read_changes, Path("/"))
        with pytest.raises(WorktreeError, match="not in a git repository"):
            await machine.call(take_back, Path("/"), "etc/hostname", "@@ -1 +1 @@\n-a\n+b\n", session_id)
        async with ControlConnection(session_id, machine) as connection:
            await connection.request(Send(0, "echo shown there; exit", enter=True))
            async for _ in connection.messages():  # Until the host has recorded the end.
                pass
        changes = await machine.call(changes_since, before.position)
        assert [each.outcome.state for each in changes.changed] == [State.EXITED]
        assert (await machine.call(inspect_ended_chat, session_id)).can_resume
        day = await machine.call(chat_days, time.time() - 3600, time.time() + 3600)
        assert [(each.id, each.name) for each in day] == [(session_id, "renamed")]
        engine = default_engine()
        saved = await machine.call(last_screen_for, session_id, engine, engine_build(engine))
        assert saved is not None
        screen = saved.restore(engine)
        assert "shown there" in "\n".join(row.text() for row in screen.rows())
        screen.close()
        again = await machine.call(resume, session_id)
        assert (again.origin.resumed_from, again.origin.cwd) == (session_id, str(alpha.home))
        await request(again.id, Kill(0), machine)
    finally:
        await machine.link.close()
