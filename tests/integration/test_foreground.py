"""What runs in a shell's foreground is known by its terminal, and a shell's bell asks nothing of anybody."""

from __future__ import annotations

import pytest

from session_host.client.control import request
from session_host.client.quick import list_sessions
from session_host.client.records import open_store
from session_host.protocol.messages import BellEvent, Describe, Description, ForegroundEvent
from session_host.protocol.values import Activity
from tests.support.hosts import Watcher, end, see, start, watching
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

SHELL = ("bash", "--norc", "--noprofile", "-i")


def told(watcher: Watcher) -> list[str]:
    return [event.program for event in watcher.events if isinstance(event, ForegroundEvent)]


async def test_a_shell_tells_which_program_runs_in_it_and_when_it_waits_again() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("sleep 987 | cat")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: told(watcher)[-1:] == ["sleep 987"], "the program to be named")
        with open_store() as store:
            [info] = list_sessions(store, ended=False)
        assert (info.foreground, info.activity) == ("sleep 987", Activity.NO_SIGNAL)
        assert info.foreground_since is not None
        assert info.foreground_since >= record.created_at
        viewer.key("c", "", 4)
        await watcher.until(lambda: told(watcher)[-1] == "", "the shell to wait again")
        assert told(watcher)[0] == ""
    await end(record.id)


async def test_a_bell_in_a_shell_is_a_mark_and_not_needs_you() -> None:
    record = await start("sh", "-c", "printf '\\007rang\\n'; exec cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "rang")
        description: Description = await request(record.id, Describe(0))
        assert description.activity is Activity.NO_SIGNAL
        viewer.text("a\a")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: any(isinstance(each, BellEvent) for each in watcher.events), "the bell")
        await eventually(lambda: told(watcher)[-1:] == ["cat"], 10, "the command to be named")
    await end(record.id)
