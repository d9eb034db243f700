"""Resume, remove and wait, while the exit of a chat is being saved: all wait for the save."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from session_host.cli import wait
from session_host.client.chats import removal
from session_host.client.chats.removal import remove_chat
from session_host.client.chats.resume import resume
from session_host.client.sessions.session_info import describe
from session_host.client.sessions.stale_rows import has_live_socket
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotResumable
from session_host.paths import database
from session_host.protocol.values import State
from tests.support.commands import outlive
from tests.support.conversing import ask, listed, new, see
from tests.support.conversing import resume as resumed
from tests.support.facts import known
from tests.support.hosts import description_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions", "agents")


@contextmanager
def locked_store() -> Iterator[None]:
    """Lock the store, so that no process can write to it, as on a busy disk."""
    connection = sqlite3.connect(database(), isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


@pytest.fixture
def chat(project: Path) -> str:
    chat = new("claude", project)
    ask(chat, "before")
    return chat


@pytest.fixture
def exit_was_checked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """An event that is set once a process has checked whether the exit is being saved."""
    checked = threading.Event()
    is_pending = removal.is_exit_pending

    def check(session_id: str) -> bool:
        found = is_pending(session_id)
        checked.set()
        return found

    monkeypatch.setattr(removal, "is_exit_pending", check)
    return checked


def kill_program(chat: str) -> None:
    """Kill the chat's agent, and wait until the host has noticed."""
    described = description_of(chat)
    assert described.facts.program.child_pid is not None
    os.kill(described.facts.program.child_pid, signal.SIGKILL)
    wait_until(
        lambda: (description := describe(chat)) is not None and description.facts.outcome.state is State.EXITED,
        10,
        "the end to be seen",
    )


def test_resume_waits_for_an_unsaved_exit(chat: str, exit_was_checked: threading.Event) -> None:
    async def go_on() -> str:
        with locked_store():
            kill_program(chat)
            going_on = asyncio.ensure_future(resume(chat))
            await asyncio.to_thread(exit_was_checked.wait, 60)
            assert listed(chat)["state"] == "exited", "as its host says"
        return (await going_on).id

    see(asyncio.run(go_on()), "kept: before")


def test_a_chat_removed_before_its_exit_is_saved_stays_removed(chat: str, exit_was_checked: threading.Event) -> None:
    def remove() -> None:
        with open_store() as store:
            record = store.get(chat)
            assert record is not None
            remove_chat(store, record)

    with ThreadPoolExecutor() as pool:
        with locked_store():
            kill_program(chat)
            removing = pool.submit(remove)
            assert exit_was_checked.wait(60), "the removal waits for the exit"
        removing.result(20)
    wait_until(lambda: not has_live_socket(chat), 20, "its host to leave")
    assert outlive("ls", "--all", "--json").json() == []


def test_the_next_command_knows_an_exit_that_wait_has_reported(chat: str, exit_was_checked: threading.Event) -> None:
    is_ended = threading.Event()

    def end() -> None:
        with locked_store():
            kill_program(chat)
            is_ended.set()
            exit_was_checked.wait(60)

    with ThreadPoolExecutor() as pool:
        ending = pool.submit(end)
        assert is_ended.wait(60)
        parser = ArgumentParser()
        wait.configure(parser)
        wait.run(parser.parse_args([chat, "--exited"]))
        with open_store() as store:
            assert store.running() == []
        ending.result()


def test_an_exit_that_takes_too_long_to_save_is_reported(chat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "SAVED_TIMEOUT_S", 0.5)
    with locked_store():
        kill_program(chat)
        with pytest.raises(
            NotResumable,
            match=r"not saved within 0\.5 s; try again; after an update of Outlive, run `outlive upgrade`",
        ):
            asyncio.run(resume(chat))


def test_resume_waits_for_a_running_kill(chat: str) -> None:
    described = description_of(chat)
    assert described.facts.program.child_pid is not None
    os.kill(described.facts.program.child_pid, signal.SIGKILL)
    see(asyncio.run(resume(chat)).id, "kept: before")


def test_resume_waits_for_the_exit_of_a_killed_host(chat: str) -> None:
    described = description_of(chat)
    assert described.facts.program.child_pid is not None
    os.kill(described.facts.program.child_pid, signal.SIGKILL)
    os.kill(known(described.facts.program.host_pid), signal.SIGKILL)
    see(resumed(chat)["id"], "kept: before")


def test_resume_does_not_wait_for_a_running_chat(chat: str) -> None:
    with pytest.raises(NotResumable, match="is running; attach to it"):
        asyncio.run(resume(chat))
    assert outlive("resume", chat).code == 1
