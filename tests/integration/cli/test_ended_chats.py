"""Ended chats: their limit on disk, and the command that removes them all."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from session_host.client.chats.retention import ended_chats, removed_log
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir, session_dir, state_dir
from session_host.system.clock import as_text
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive

DAY_S = 86400

pytestmark = pytest.mark.usefixtures("sessions")


def chat_that_took(name: str, size_mib: int) -> str:
    """Make an ended chat that takes ``size_mib`` on the disk."""
    session = new("-n", name, "--", "true")
    outlive("wait", session, "--exited", "--timeout", "60")
    with Path(session_dir(session), "journal.of.the.test").open("wb") as file:
        file.truncate(size_mib * 1024 * 1024)
    return session


def names() -> list[str]:
    return [info["name"] for info in outlive("ls", "--all", "--json").json()]


def age(name: str, days: float) -> None:
    """Change an ended chat's record as if it had run and ended ``days`` ago."""
    moment = as_text(time.time() - days * DAY_S)
    with open_store() as store:
        store.update(store.find(name).id, created_at=moment, ended_at=moment)


def doctors_line() -> str:
    [line] = [line for line in outlive("doctor", timeout_s=60).output.splitlines() if "ended_limit_mib" in line]
    return line


def test_the_limit_of_ended_chats_warns_a_day_before_it_removes_the_oldest(area: Area) -> None:
    running = new("-n", "running", "--", "cat")
    with Path(session_dir(running), "journal.of.the.test").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    for position, name in enumerate(("first", "second", "third", "pinned", "looked-at", "today")):
        chat_that_took(name, 4)
        if name != "today":
            age(name, 20 - position)
    with open_store() as store:
        store.update(store.find("pinned").id, pinned=True)
    age("running", 30)
    assert outlive("peek", "looked-at").code == 0
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("ended_limit_mib = 9\n", encoding="utf-8")
    checked, warned = (state_dir() / f"limit-{mark}" for mark in ("checked", "warned"))
    checked.unlink(missing_ok=True)

    done = outlive("new", "-d", "-n", "next", "--", "cat")
    assert done.code == 0
    assert "warning: ended chats take 12 of 9 MiB" in done.error, "three count"
    assert len(names()) == 8, "nothing was removed"
    assert "12 MiB of them count for the limit of 9" in doctors_line()
    assert "warn" in doctors_line()
    checked.unlink()
    assert outlive("new", "-d", "-n", "another", "--", "cat").error == "", "one warning is enough"
    os.utime(warned, times=(time.time() - DAY_S,) * 2)
    assert outlive("new", "-d", "-n", "soon", "--", "cat").error == "", "the limit was just checked"
    checked.unlink()
    assert "removed first (" in outlive("new", "-d", "-n", "last", "--", "cat").error
    assert "first" not in names()
    assert {"second", "third", "pinned", "looked-at", "today"} < set(names())
    assert "removed first (" in removed_log().read_text(encoding="utf-8")
    assert "latest: removed first (" in doctors_line()
    assert outlive("kill-all", "--yes").code == 0


def test_a_chat_that_ended_while_the_clock_was_wrong_is_not_removed_as_the_oldest(area: Area) -> None:
    for name in ("first", "second", "third"):
        chat_that_took(name, 4)
    with open_store() as store:
        store.update(store.find("third").id, created_at="1970-01-01T00:00:10.000Z", ended_at="1970-01-01T00:00:11.000Z")
        assert next(iter(ended_chats(store))).record.entry.name == "first"


def test_rm_ended_asks_and_keeps_running_chats(area: Area) -> None:
    new("-n", "running", "--", "cat")
    chat_that_took("one", 1)
    chat_that_took("two", 2)
    assert outlive("rm").code == outlive("rm", "--ended").code == outlive("rm", "one", "--ended", "--yes").code == 2
    with OnTerminal("rm", "--ended") as terminal:
        terminal.see("Permanently remove 2 ended chats (3 MiB)? [y/N]")
        terminal.type("n\r")
        assert terminal.end() == 1
    assert len(names()) == 3
    done = outlive("rm", "--ended", "--yes")
    assert (done.code, done.output) == (0, "removed 2 ended chats, 3 MiB\n")
    assert names() == ["running"]
    assert outlive("rm", "--ended", "--yes").output == "no ended chats\n"
    with open_store() as store:
        assert ended_chats(store) == []
    assert outlive("kill-all", "--yes").code == 0


def test_chats_are_listed_found_and_removed_by_their_dates(area: Area) -> None:
    for name, days in (("old", 100), ("pinned", 100), ("newer", 10)):
        new("-n", name, "--", "echo", f"the needle of {name}")
        outlive("wait", name, "--exited", "--timeout", "60")
        age(name, days)
    assert outlive("pin", "pinned").output.startswith("pinned pinned (")
    listed = [info["name"] for info in outlive("ls", "--older-than", "90d", "--json").json()]
    assert listed == ["old", "pinned"]
    assert "NAME" in outlive("ls", "--since", "20d").output
    assert outlive("ls", "--since", "yesterday").output == "no such chats\n"
    found = {hit["name"] for hit in outlive("search", "needle", "--since", "20d", "--json").json()}
    assert found == {"newer"}
    assert outlive("ls", "--since", "someday").code == outlive("rm", "old", "--agent", "claude").code == 2
    removed = outlive("rm", "--ended", "--older-than", "90d", "--yes")
    assert removed.output == "1 pinned chat stays\nremoved 1 ended chat, 0 MiB\n"
    assert names() == ["pinned", "newer"]
    assert outlive("pin", "pinned", "--off").code == 0
    assert outlive("rm", "--ended", "--yes", "--agent", "claude").output == "no such ended chats\n"
    assert outlive("rm", "--ended", "--yes").output == "removed 2 ended chats, 0 MiB\n"
