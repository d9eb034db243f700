"""Chats that are put to sleep in their place, and texts that wake them, each once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir
from session_host.protocol.events import Ended, Missed, Slept, Woke, kind_of
from tests.support.commands import outlive, running
from tests.support.conversing import ask, install, listed, new
from tests.support.hosts import recorded
from tests.support.ledger import CHANGES_READ
from tests.support.structured_chats import wait
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A chat in a terminal whose agent keeps its conversation."""
    install(tmp_path / "bin")
    file = config_dir() / "agents" / "claude.toml"
    file.write_text(f"{file.read_text()}shown_within_s = 6.0\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "project").mkdir()
    chat = new("claude", tmp_path / "project")
    ask(chat, "first")
    wait(chat, "idle")
    return chat


def put_to_sleep(chat: str, *words: str) -> str:
    done = outlive("sleep", chat, *words)
    assert done.code == 0, done.error
    return done.output


def told(chat: str) -> list[str]:
    """The chat's events of its ends and wakings."""
    with open_store() as store:
        entries = store.ledger.of_chat(chat, [Ended, Slept, Woke, Missed], CHANGES_READ)
    return [kind_of(each.event) for each in entries]


def listed_running() -> list[Any]:
    return [each for each in outlive("ls", "--json").json() if each["state"] == "running"]


def test_a_chat_sleeps_in_its_place(chat: str) -> None:
    said = put_to_sleep(chat)

    found = listed(chat)
    assert (found["state"], found["end_request"], found["is_asleep"]) == ("exited", "sleep", True)
    assert found["freed_bytes"] > 1_000_000
    assert said.startswith(f"asleep: chat ({chat[:8]}), gave back ")
    assert "asleep · gave back" in outlive("ls").output
    assert [each["id"] for each in outlive("ls", "--json").json()] == [chat], "as one that runs"
    assert told(chat) == ["slept"]


def test_a_text_wakes_it(chat: str) -> None:
    put_to_sleep(chat)

    done = outlive("send", "chat", "second", "--enter")

    assert done.code == 0, done.error
    [woken] = listed_running()
    assert (woken["name"], woken["resumed_from"]) == ("chat", chat)
    wait_until(lambda: "you said: second" in outlive("peek", woken["id"]).output, 30, "the answer")
    wait_until(lambda: listed(woken["id"])["later"] is None, 30, "the text to be given")
    assert told(chat) == ["slept", "woke"]
    assert not listed(chat)["is_asleep"]
    assert recorded(chat).entry.continued_by == woken["id"]


def test_it_is_idle_and_has_not_exited_until_it_is_stopped(chat: str) -> None:
    put_to_sleep(chat)
    assert outlive("wait", "chat", "--status", "idle", "--timeout", "5").code == 0
    assert outlive("wait", "chat", "--exited", "--timeout", "0.5").code == 5
    assert outlive("attach", "chat").complaint() == "chat is asleep; a text wakes it: outlive send chat TEXT --enter"
    for words in ([], ["--enter"], ["--key", "Up"], ["y"]):
        done = outlive("send", "chat", *words)
        assert (done.code, recorded(chat).is_asleep) == (2 if not words else 6, True), done
    assert outlive("kill-all", "--yes").output == "no running chats\n"
    assert outlive("rm", "--ended", "--yes").output == "no ended chats\n"
    assert outlive("new", "-d", "-n", "chat", "--", "cat").code == 1, "its name is taken"

    done = outlive("stop", "chat")

    assert done.code == 0, done.error
    assert listed(chat)["end_request"] == "stop"
    assert told(chat) == ["slept", "ended"]
    assert outlive("wait", "chat", "--exited", "--timeout", "5").code == 0


def test_a_wait_for_its_end_goes_on_with_the_chat_that_continues_it(chat: str) -> None:
    put_to_sleep(chat)
    with running("wait", "chat", "--exited", "--timeout", "60") as waiting:
        assert outlive("send", "chat", "second", "--enter").code == 0
        [woken] = listed_running()
        assert waiting.poll() is None
        assert outlive("stop", woken["id"]).code == 0
        assert waiting.wait(60) == 0


def test_send_waits_for_the_answer_of_the_one_that_it_wakes(chat: str) -> None:
    put_to_sleep(chat)
    done = outlive("send", "chat", "second", "--enter", "--wait", "--timeout", "60")
    assert (done.code, done.output) == (0, "you said: second\n"), done.error
