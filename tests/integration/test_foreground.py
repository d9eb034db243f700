"""The foreground program of a shell, and the exit codes of its commands.

A bell in a shell does not mean that the shell needs input.
"""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from session_host.client.control import request
from session_host.client.sessions.hosts import replace_host
from session_host.client.sessions.session_info import list_sessions
from session_host.client.sessions.store_access import open_store
from session_host.protocol.messages import BellEvent, Describe, Description, ForegroundEvent, NotificationEvent
from session_host.protocol.values import Activity
from session_host.terminal import available_engines
from session_host.terminal.base import EngineName
from tests.support.hosts import Watcher, end, redraw, see, shown, start, watching
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

SHELL = ("bash", "--norc", "--noprofile", "-i")
MARKS = {"PS0": r"\e]133;C\e\\", "PROMPT_COMMAND": r"printf '\e]133;D;%s\a\e]133;A\a' $?"}
"""Variables that make bash mark its prompts and commands."""


def foreground_programs(watcher: Watcher) -> list[str]:
    return [event.program for event in watcher.events if isinstance(event, ForegroundEvent)]


def foreground_times(watcher: Watcher) -> set[str]:
    return {event.since for event in watcher.events if isinstance(event, ForegroundEvent)}


async def kill_host(description: Description) -> None:
    os.kill(description.host_pid, signal.SIGKILL)


async def upgrade_host(description: Description) -> None:
    result = await asyncio.to_thread(replace_host, description.session_id, "it")
    assert result.ok, result


async def test_the_foreground_program_of_a_shell_is_reported_until_the_prompt_returns() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("sleep 987 | cat")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: foreground_programs(watcher)[-1:] == ["sleep 987"], "the program to be named")
        with open_store() as store:
            [info] = list_sessions(store, ended=False)
        assert (info.foreground, info.activity) == ("sleep 987", Activity.NO_SIGNAL)
        assert info.foreground_since is not None
        assert info.foreground_since >= record.created_at
        viewer.key("c", "", 4)
        await watcher.until(lambda: foreground_programs(watcher)[-1] == "", "the shell to wait again")
        assert foreground_programs(watcher)[0] == ""
    await end(record.id)


async def test_a_prompts_age_stays_the_same_after_a_crash_and_an_upgrade_of_its_host() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        description: Description = await request(record.id, Describe(0))
        since = description.foreground_since
        for replace in (kill_host, upgrade_host):
            redraw(record)
            await see(viewer, watcher, "redrawn")
            watcher.events.clear()
            await replace(description)
            previous, description = description, await request(record.id, Describe(0))
            assert description.host_pid != previous.host_pid
            assert description.foreground_since == since
            await watcher.until(lambda: bool(foreground_times(watcher)), "the viewer to know the prompt's time")
            assert foreground_times(watcher) == {since}
    await end(record.id)


async def test_a_bell_in_a_shell_does_not_mean_needs_input() -> None:
    record = await start("sh", "-c", "printf '\\007rang\\n'; exec cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "rang")
        description: Description = await request(record.id, Describe(0))
        assert description.activity is Activity.NO_SIGNAL
        viewer.text("a\a")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: any(isinstance(each, BellEvent) for each in watcher.events), "the bell")
        await eventually(lambda: foreground_programs(watcher)[-1:] == ["cat"], 10, "the command to be named")
    await end(record.id)


async def test_a_notification_in_a_shell_is_passed_on_and_does_not_mean_needs_input() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> "})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text(r"printf '\033]99;i=n:d=0;Build\033\\\033]99;i=n:p=body;done\033\\\033]9;text\007'")
        viewer.key("Enter", "\r")

        def notified() -> list[NotificationEvent]:
            return [event for event in watcher.events if isinstance(event, NotificationEvent)]

        await watcher.until(lambda: len(notified()) == 2, "the notifications")
        assert notified() == [NotificationEvent("Build", "done", "n"), NotificationEvent("", "text")]
        description: Description = await request(record.id, Describe(0))
        assert (description.activity, description.activity_source) == (Activity.NO_SIGNAL, "")
    await end(record.id)


def endings(watcher: Watcher) -> list[tuple[str, int | None]]:
    return [(each.program, each.last_exit_code) for each in watcher.events if isinstance(each, ForegroundEvent)]


@pytest.mark.parametrize("engine", available_engines())
async def test_the_exit_code_of_a_shells_last_command_is_reported(engine: EngineName) -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> ", **MARKS}, engine=engine)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")

        async def run(line: str, *expected: tuple[str, int | None]) -> None:
            watcher.events.clear()
            viewer.text(line)
            viewer.key("Enter", "\r")
            await watcher.until(lambda: endings(watcher)[-len(expected) :] == [*expected], f"{line}: {expected}")

        await run("(exit 3)", ("", 3))
        await run("sleep 987", ("sleep 987", None))
        watcher.events.clear()
        viewer.key("c", "", 4)
        await watcher.until(lambda: endings(watcher)[-1:] == [("", 130)], "the end of what ran")
        viewer.key("Enter", "\r")
        await run("true", ("", 0))
        await run("sh -c 'exit 2'", ("", 2))
        description: Description = await request(record.id, Describe(0))
        assert (description.foreground, description.last_exit_code) == ("", 2)
        os.kill(description.host_pid, signal.SIGKILL)
        with open_store() as store:
            [info] = list_sessions(store, ended=False)
        assert (info.last_exit_code, info.last_ended) == (2, description.last_ended)
        assert record.created_at < description.last_ended
        assert info.host_pid != description.host_pid
        await run("printf '\\e]133;D\\a'", ("", None))
    await end(record.id)


async def test_an_empty_line_is_not_reported_as_a_command() -> None:
    record = await start(*SHELL, overrides={"PS1": "ready> ", **MARKS})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        first: Description = await request(record.id, Describe(0))
        assert first.last_ended == "", "the first prompt ends none"
        viewer.text("false")
        viewer.key("Enter", "\r")
        await watcher.until(lambda: endings(watcher)[-1:] == [("", 1)], "the end to be reported")
        ended: Description = await request(record.id, Describe(0))
        for _ in range(3):
            viewer.key("Enter", "\r")
        await eventually(lambda: "\n".join(shown(viewer)).count("ready>") == 5, 10, "three more prompts")
        after: Description = await request(record.id, Describe(0))
        assert (after.last_exit_code, after.last_ended) == (1, ended.last_ended)
    await end(record.id)
