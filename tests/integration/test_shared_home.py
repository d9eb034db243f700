"""Machines and containers that share a home directory leave each other's running chats alone, and name them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from session_host.client.sessions.session_info import describe
from session_host.client.sessions.store_access import open_store
from session_host.paths import session_log
from session_host.protocol.facts import INTERRUPTED, ChatFacts
from session_host.protocol.values import State
from session_host.system.processes.identity import boot_id
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import Done, new, outlive
from tests.support.other_places import in_container, on_machine
from tests.support.reboots import kill_at_once
from tests.support.waiting import wait_until

Place = Callable[..., Done]
PLACES = pytest.mark.parametrize("place", [in_container, on_machine])

pytestmark = pytest.mark.usefixtures("sessions")


def row(session: str) -> ChatFacts:
    """The chat's row, as it is in the store."""
    with open_store() as store:
        record = store.get(session)
    assert record is not None
    return record


def listed(done: Done) -> list[tuple[str, str]]:
    """The names and states of a list in JSON."""
    assert done.code == 0, done
    return [(info["name"], info["state"]) for info in done.json()]


@PLACES
def test_a_list_on_another_machine_ends_no_chat_on_paper(area: Area, place: Place) -> None:
    session = new("-n", "one", "--", "cat")
    assert listed(place(area, "ls", "--all", "--json")) == [("one", "running")]
    assert row(session).outcome.state is State.RUNNING
    sent = outlive("send", "one", "hello", "--enter")
    assert sent.code == 0, sent


@PLACES
def test_each_command_on_another_machine_says_where_the_chat_runs(area: Area, place: Place) -> None:
    session = new("-n", "one", "--", "cat")
    where = "on " if place is on_machine else "in another container"
    table = place(area, "ls")
    assert "elsewhere" in table.output, table
    assert f"one: it runs {where}" in table.output, table
    for words in (["send", "one", "x"], ["kill", "one"], ["stop", "one"], ["peek", "one"]):
        done = place(area, *words)
        assert done.code == 7, (words, done)
        assert f"one runs {where}" in done.error, (words, done)
    for words in (["rm", "one"], ["resume", "-d", "one"]):
        done = place(area, *words)
        assert done.code != 0, (words, done)
        assert f"runs {where}" in done.error, (words, done)
        assert "--anyway" in done.error, (words, done)
    assert "one" in (done := place(area, "kill-all", "--yes")).error, done
    assert f"runs {where}" in place(area, "doctor").output
    assert row(session).outcome.state is State.RUNNING
    assert listed(outlive("ls", "--json")) == [("one", "running")]


@PLACES
def test_a_lost_database_that_another_machine_fills_again_keeps_the_chat_running(area: Area, place: Place) -> None:
    session = new("-n", "one", "--", "cat")
    for path in area.state.glob("outlive.db*"):
        path.unlink()
    assert listed(place(area, "ls", "--all", "--json")) == [("one", "running")]
    assert row(session).outcome.state is State.RUNNING
    assert outlive("send", "one", "hello", "--enter").code == 0


@PLACES
def test_the_name_of_a_chat_on_another_machine_is_taken(area: Area, place: Place) -> None:
    new("-n", "one", "--", "cat")
    done = place(area, "new", "-d", "-n", "one", "--", "true")
    assert "already named 'one'" in done.error, done


def test_a_chat_of_a_container_that_was_killed_is_lost_and_not_called_running_for_ever(
    area: Area, sessions: Sessions
) -> None:
    session = new("-n", "one", "--", "cat")
    kill_at_once(list(sessions.processes()))
    assert listed(in_container(area, "ls", "--all", "--json")) == [("one", "lost")]
    assert row(session).outcome.state is State.LOST


def test_a_chat_of_a_machine_that_is_gone_can_be_removed(area: Area, sessions: Sessions) -> None:
    session = new("-n", "one", "--", "cat")
    kill_at_once(list(sessions.processes()))
    assert on_machine(area, "rm", "one").code == 7, "nobody knows that it is gone"
    done = on_machine(area, "rm", "--anyway", "one")
    assert done.code == 0, done
    with open_store() as store:
        assert store.get(session) is None


@pytest.mark.parametrize("error", ["", INTERRUPTED])
def test_a_chat_that_an_earlier_version_called_lost_elsewhere_is_running_again_at_home(area: Area, error: str) -> None:
    session = new("-n", "one", "--", "cat")
    with open_store() as store:
        store.update(session, state=State.LOST, error=error, ended_at="2026-01-01T00:00:00.000Z")
    assert listed(outlive("ls", "--json")) == [("one", "running")]
    assert (row(session).outcome.state, row(session).outcome.error, row(session).outcome.ended_at) == (
        State.RUNNING,
        "",
        None,
    )
    assert outlive("send", "one", "hello", "--enter").code == 0


def test_a_host_corrects_what_was_written_about_it_at_the_next_event(area: Area) -> None:
    session = new(
        "-n", "one", "--", "sh", "-c", r"read line; printf '\033]9;done\007'; printf '\033]7501;state=working\007'; cat"
    )
    with open_store() as store:
        store.update(session, state=State.LOST, error=INTERRUPTED, ended_at="2026-01-01T00:00:00.000Z")
    description = describe(session)
    assert description is not None
    assert outlive("send", session, "go", "--enter").code == 0
    with open_store() as store:
        wait_until(lambda: row(session).outcome.state is State.RUNNING, 10, "the host's correction")
        assert store.get(session) is not None


def test_a_row_of_version_0_1_0_is_judged_as_before(area: Area, sessions: Sessions) -> None:
    session = new("-n", "one", "--", "cat")
    with open_store() as store:
        store.update(session, machine_id="", host_name="", pid_namespace=0)
    assert listed(outlive("ls", "--json")) == [("one", "running")]
    kill_at_once(list(sessions.processes()))
    with open_store() as store:
        store.update(session, boot_id="another")
    assert listed(outlive("ls", "--all", "--json")) == [("one", "lost")]


def test_the_next_host_locks_the_log_as_the_first_one_did(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    host = row(session).program.host_pid
    assert host is not None
    os.kill(host, signal.SIGKILL)
    wait_until(lambda: row(session).program.host_pid not in {host, None}, 10, "the next host")
    assert session_log(session).exists()
    assert listed(in_container(area, "ls", "--json")) == [("one", "running")]
    assert boot_id() == row(session).origin.boot_id
