"""Ended chats: their limit on disk, and the command that removes them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.client.chats.retention import ended_chats, removed_log
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir, session_dir
from tests.support.area import Area
from tests.support.commands import OnTerminal, new, outlive

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


def test_the_oldest_ended_chats_over_the_limit_are_removed_with_a_message(area: Area) -> None:
    running = new("-n", "running", "--", "cat")
    with Path(session_dir(running), "journal.of.the.test").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    for name in ("first", "second", "third"):
        chat_that_took(name, 4)
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("ended_limit_mib = 9\n", encoding="utf-8")
    done = outlive("new", "-d", "-n", "next", "--", "cat")
    assert done.code == 0
    assert "removed first (" in done.error
    assert "ended chats took 12 MiB, and may take 9" in done.error
    assert names() == ["running", "second", "third", "next"]
    assert "removed first (" in removed_log().read_text(encoding="utf-8")
    [line] = [line for line in outlive("doctor", timeout_s=60).output.splitlines() if "ended chats" in line]
    assert "2, 8 MiB of 9 MiB (ended_limit_mib in chats.toml); latest: removed first (" in line
    assert outlive("kill-all", "--yes").code == 0


def test_a_chat_that_ended_while_the_clock_was_wrong_is_not_removed_as_the_oldest(area: Area) -> None:
    for name in ("first", "second", "third"):
        chat_that_took(name, 4)
    with open_store() as store:
        store.update(store.find("third").id, created_at="1970-01-01T00:00:10.000Z", ended_at="1970-01-01T00:00:11.000Z")
        assert next(iter(ended_chats(store))).record.name == "first"


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
