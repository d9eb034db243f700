"""Chats that are put to sleep in their place, and texts that wake them, each once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.fork import fork
from session_host.client.chats.pasted_files import save_piece
from session_host.client.chats.sleeping import wake
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir, database
from session_host.protocol.events import Ended, Missed, Slept, Woke, kind_of
from session_host.protocol.messages import Interrupt, Prompt, ReleaseHeld
from session_host.restore_points.points import About, take
from session_host.system.processes.identity import environment_variables
from tests.support.area import Area
from tests.support.commands import environment, outlive, running
from tests.support.conversing import ask, install, listed, new, see
from tests.support.hosts import kill_host, recorded
from tests.support.ledger import CHANGES_READ
from tests.support.repositories import Checkout
from tests.support.structured_chats import input_log, new_chat, viewing, wait
from tests.support.waiting import eventually, wait_until

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


def lose_the_store() -> str:
    """Remove the store's file; returns what the next command says about it."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database()}{suffix}").unlink(missing_ok=True)
    return outlive("ls").error.strip().rpartition("; ")[2]


def test_a_rebuilt_store_counts_it_as_one_that_sleeps(chat: str) -> None:
    put_to_sleep(chat)
    assert lose_the_store() == "1 sleeping chat was found"
    assert listed(chat)["is_asleep"]

    outlive("send", "chat", "second", "--enter")
    [woken] = listed_running()
    wait_until(lambda: listed(woken["id"])["later"] is None, 30, "the text to be given")
    assert lose_the_store() == "1 running and 1 ended chats were found"
    assert not listed(chat)["is_asleep"]


def test_its_last_screen_is_the_one_before_its_agent_left(chat: str) -> None:
    ask(chat, "farewell")
    outlive("send", chat, "modes", "--enter")
    see(chat, "switched")
    wait(chat, "idle")
    put_to_sleep(chat)
    last = outlive("peek", chat).output
    assert "switched" in last
    assert "resume me" not in last


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


def test_removing_the_ended_chats_takes_nothing_of_one_that_was_woken(chat: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "project")
    checkout.sh("git init -q && git commit -q --allow-empty -m first")
    points = [take(checkout.path, chat, About(kind="prompt")).at_ms for _ in range(3)]
    file = Path(save_piece(chat, "0" * 16, "a.txt", 0, b"pasted"))
    put_to_sleep(chat)
    assert outlive("send", "chat", "second", "--enter").code == 0
    [woken] = listed_running()
    points.append(take(checkout.path, woken["id"], About(kind="prompt")).at_ms)

    done = outlive("rm", "--ended", "--yes")

    assert done.output.startswith("removed 1 ended chat,"), done.error
    listing = outlive("restore", woken["id"], "--json").json()
    assert set(map(str, points)) <= {each["id"] for each in listing}
    assert file.read_bytes() == b"pasted"
    assert outlive("kill", woken["id"]).code == 0
    wait_until(lambda: listed(woken["id"])["state"] != "running", 30, "the end")
    assert outlive("rm", woken["id"]).code == 0
    assert not file.exists()
    assert checkout.git("for-each-ref", "refs/outlive") == ""


async def test_a_fork_keeps_the_files_that_were_pasted_into_the_other_chat(view: str) -> None:
    file = Path(save_piece(view, "0" * 16, "a.txt", 0, b"pasted"))
    copy = await fork(view)
    assert copy.origin.files_in == [view]
    for each in (view, copy.id):
        assert file.exists()
        assert (await asyncio.to_thread(outlive, "kill", each)).code == 0
        assert (await asyncio.to_thread(outlive, "rm", each)).code == 0
    assert not file.exists()


@contextmanager
def started_in(chat: str, seconds: int) -> Iterator[None]:
    """A command that the chat's agent has left running: in a session of its own, with the marks of its chat."""
    pid = recorded(chat).program.child_pid
    assert pid is not None
    names = environment_variables(pid, "OUTLIVE_SESSION")
    process = subprocess.Popen(["sleep", str(seconds)], env={**os.environ, **names}, start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_woken_chat_has_its_place_in_lists_again(chat: str, tmp_path: Path) -> None:
    younger = str(outlive("new", "shell", "-d", "-C", str(tmp_path), "--json").json()["id"])
    put_to_sleep(chat)
    assert [each["id"] for each in outlive("ls", "--json").json()] == [chat, younger]
    assert outlive("send", chat, "second", "--enter").code == 0
    woken = listed(chat)["continued_by"]
    assert [each["id"] for each in outlive("ls", "--json").json()] == [woken, younger]


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


# ---------------------------------------------------------------- chat views


@pytest.fixture
def view(area: Area) -> str:
    """A chat view whose agent has answered once."""
    chat = new_chat(area, "view")
    assert outlive("send", "view", "answer: one", "--wait", "--timeout", "60").output == "one\n"
    wait("view", "idle")
    return chat


def prompts(area: Area) -> list[str]:
    """All prompts that fake agents got."""
    lines = [json.loads(line) for line in input_log(area).read_text().splitlines()]
    return [each["params"]["input"][0]["text"] for each in lines if each.get("method") == "turn/start"]


def test_a_chat_view_sleeps_and_wakes(area: Area, view: str) -> None:
    put_to_sleep("view")
    done = outlive("send", "view", "answer: two", "--wait", "--timeout", "60")
    assert (done.code, done.output) == (0, "two\n"), done.error
    assert prompts(area) == ["answer: one", "answer: two"]
    [woken] = listed_running()
    assert woken["resumed_from"] == view
    transcript = outlive("peek", woken["id"], "--scrollback").output
    assert transcript.index("one") < transcript.index("two"), "the transcript continues"


def test_a_long_text_of_several_lines_wakes_it_whole(area: Area, view: str) -> None:
    put_to_sleep("view")
    text = "answer: two\n" + "word " * 50_000
    done = outlive("send", "view", "-", typed=text)
    assert done.code == 0, done.error
    wait_until(lambda: len(prompts(area)) == 2, 30, "the prompt")
    assert prompts(area)[1] == text.rstrip("\n")
    assert outlive("send", "view", "-", "--enter", typed="x" * 300_000).code == 2


def test_of_two_that_wake_it_at_once_each_text_comes_once(area: Area, view: str) -> None:
    put_to_sleep("view")
    with running("send", view, "answer: two") as first, running("send", view, "answer: three") as second:
        assert (first.wait(60), second.wait(60)) == (0, 0), (first.stderr, second.stderr)
    wait_until(lambda: len(prompts(area)) >= 3, 30, lambda: f"the prompts: {prompts(area)}")
    wait("view", "idle")
    assert sorted(prompts(area)) == sorted(["answer: one", "answer: two", "answer: three"])
    assert len(listed_running()) == 1
    assert told(view) == ["slept", "woke"]


async def test_what_a_viewer_sends_as_soon_as_a_chat_view_is_woken_comes_behind_the_text(area: Area, view: str) -> None:
    put_to_sleep(view)
    waking = asyncio.create_task(wake(view, "answer: two"))
    await eventually(lambda: recorded(view).entry.continued_by is not None, 30, "the chat that goes on")
    woken = recorded(view).entry.continued_by
    assert woken is not None
    async with viewing(woken) as viewer:
        viewer.viewer.send(Prompt("answer: three"))
        await waking
        await eventually(lambda: len(prompts(area)) == 3, 30, "all prompts")
    assert prompts(area) == ["answer: one", "answer: two", "answer: three"]


async def test_prompts_that_wait_since_a_stop_stay_over_sleep_and_waking_and_are_sent_once(
    area: Area, view: str
) -> None:
    async with viewing(view) as chat:
        for text in ("hold: 0", "answer: later", "answer: last"):
            chat.viewer.send(Prompt(text))
        await chat.watcher.until(lambda: chat.state == "running" and "answer: last" in chat.texts("user"), "the turn")
        chat.viewer.send(Interrupt())
        await chat.watcher.until(lambda: chat.state == "idle", "the stop")
    copy = await fork(view)
    async with viewing(copy.id) as forked:
        await forked.until_said("one")
        assert "answer: later" not in forked.texts("user"), "they belong to the other chat"
    wait(copy.id, "idle")

    for text in ("answer: two", "answer: three"):
        put_to_sleep("view")
        assert "waits, since the turn was stopped" in outlive("peek", "view", "--scrollback").output
        done = outlive("send", "view", text, "--wait", "--timeout", "60")
        assert done.code == 0, done.error
        wait("view", "idle")
        assert prompts(area)[-1] == text

    woken = next(each["id"] for each in listed_running() if each["name"] == "view")
    await kill_host(woken)
    async with viewing(woken) as chat:
        waiting = [each.text for each in chat.items if each.status == "held"]
        assert waiting == ["answer: later", "answer: last"]
        chat.viewer.send(ReleaseHeld())
        await chat.until_said("last")
    wait(woken, "idle")
    assert prompts(area)[-3:] == ["answer: three", "answer: later", "answer: last"]
    assert [prompts(area).count(each) for each in waiting] == [1, 1]


def test_a_text_for_one_that_was_woken_goes_to_the_chat_that_continues_it(area: Area, view: str) -> None:
    put_to_sleep(view)
    assert outlive("send", view, "answer: two", "--wait", "--timeout", "60").output == "two\n"

    done = outlive("send", view, "answer: three", "--wait", "--timeout", "60")

    assert (done.code, done.output) == (0, "three\n"), done.error
    assert prompts(area) == ["answer: one", "answer: two", "answer: three"]
    assert outlive("attach", view).complaint().startswith("view was woken, and continues in another chat")
    assert "woken, continued" in outlive("ls", "--all").output


def test_a_text_that_comes_while_it_is_put_to_sleep_wakes_it(area: Area, view: str) -> None:
    with running("sleep", "view") as sleeping:
        done = outlive("send", view, "answer: two", "--wait", "--timeout", "60")
        sleeping.wait(60)
    assert (done.code, done.output) == (0, "two\n"), done.error
    assert prompts(area) == ["answer: one", "answer: two"]


# ---------------------------------------------------------------- what hinders it


def hindrance(chat: str) -> str:
    done = outlive("sleep", chat)
    assert (done.code, listed_running()[-1]["name"]) == (1, chat), done
    return done.complaint()


def test_a_chat_with_a_turn_or_prompts_that_wait_is_awake(area: Area, view: str) -> None:
    assert outlive("send", "view", "hold: 0").code == 0
    wait("view", "working")
    assert hindrance("view") == "view is working"
    assert outlive("send", "view", "answer: later").code == 0
    assert hindrance("view") == "view is working; has prompts that wait"

    done = outlive("sleep", "view", "--anyway")

    assert done.code == 0, done.error
    assert done.output.endswith("; it is working; has prompts that wait\n")
    assert listed(view)["is_asleep"]


def test_a_program_that_still_runs_is_named_and_one_from_before_the_first_turn_is_not(chat: str) -> None:
    with started_in(chat, 30):
        assert hindrance("chat") == "chat still runs sleep"
        done = outlive("sleep", "chat", "--anyway")
        assert done.output.endswith("; it still runs sleep\n"), done


def test_a_text_in_the_input_line_keeps_it_awake(chat: str) -> None:
    assert outlive("send", "chat", "half a thou").code == 0
    assert hindrance("chat") == "chat has a text in its input line"


def test_a_prompt_for_later_keeps_it_awake(area: Area, view: str) -> None:
    assert outlive("send", "view", "go on", "--at", "2099-12-05T15:00+01:00").code == 0
    assert hindrance("view") == "view has a prompt that is to be sent later"
    put_to_sleep("view", "--anyway")
    assert (listed(view)["later"]["stage"], told(view)) == ("missed", ["missed", "slept"])
    assert "asleep" in listed(view)["later"]["why"] or "sleep" in listed(view)["later"]["why"]


def test_a_shell_and_an_unsaved_conversation_never_sleep(area: Area, chat: str) -> None:
    assert outlive("new", "-d", "-n", "plain", "--", "cat").code == 0
    assert hindrance("plain") == "plain has no agent, so nothing could wake it as it is"
    assert outlive("sleep", "plain", "--anyway").code == 1
    done = outlive("new", "claude", "-d", "-n", "fresh", "-C", recorded(chat).origin.cwd)
    assert done.code == 0, done.error
    wait("fresh", "idle")
    assert hindrance("fresh") == "fresh has a conversation that its agent has not saved yet"


def test_several_chats_each_answer_in_a_line(area: Area, view: str) -> None:
    assert outlive("new", "-d", "-n", "plain", "--", "cat").code == 0
    done = outlive("sleep", "view", "plain")
    assert done.code == 1
    assert done.output.startswith(f"asleep: view ({view[:8]})")
    assert "plain has no agent" in done.error


# ---------------------------------------------------------------- waking that fails


def test_what_cannot_be_woken_sleeps_on_with_the_text(chat: str, tmp_path: Path) -> None:
    put_to_sleep(chat)
    (tmp_path / "bin" / "claude").rename(tmp_path / "claude")

    done = outlive("send", "chat", "second", "--enter")

    assert done.code == 1
    assert "not installed" in done.complaint()
    found = listed(chat)
    assert found["is_asleep"]
    assert (found["later"]["text"], found["later"]["stage"]) == ("second", "missed")
    assert told(chat) == ["slept", "missed"]
    (tmp_path / "claude").rename(tmp_path / "bin" / "claude")
    assert outlive("send", "chat", "third", "--enter", "--wait", "--timeout", "60").output == "you said: third\n"


def test_a_program_that_does_not_start_leaves_it_asleep_with_the_text(chat: str, tmp_path: Path) -> None:
    put_to_sleep(chat)
    path = tmp_path / "bin" / "claude"
    path.write_text("#!/nowhere/interpreter\n")

    done = outlive("send", "chat", "second", "--enter")

    assert done.code == 1, done
    found = listed(chat)
    assert (found["is_asleep"], found["later"]["text"], found["later"]["stage"]) == (True, "second", "missed")
    assert [each["id"] for each in outlive("ls", "--all", "--json").json()] == [chat]
    assert told(chat) == ["slept", "woke", "missed"]


DIES = """
import asyncio, os, signal, sys
from session_host.client.chats import launch
from session_host.client.chats.sleeping import wake
launch._start_host = lambda spec, store: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(wake(sys.argv[1], "second"))
"""


def test_a_command_that_is_killed_between_its_transaction_and_the_first_host_is_named(chat: str) -> None:
    put_to_sleep(chat)

    killed = subprocess.run([sys.executable, "-c", DIES, chat], env=environment(), check=False)

    assert (killed.returncode, told(chat)) == (-signal.SIGKILL, ["slept", "woke"])
    assert listed_running() == [], "as soon as anything reads the list"
    found = listed(chat)
    assert (found["is_asleep"], found["later"]["text"], found["later"]["stage"]) == (True, "second", "missed")
    assert told(chat) == ["slept", "woke", "missed"]
    assert outlive("send", "chat", "third", "--enter", "--wait", "--timeout", "60").output == "you said: third\n"


# ---------------------------------------------------------------- hours without a look


def test_hours_without_a_look_put_it_to_sleep(chat: str) -> None:
    (config_dir() / "chats.toml").write_text(f"sleep_after_hours = {1 / 3600}\n", encoding="utf-8")
    outlive("ls")  # The setting takes effect at the next list.
    wait_until(lambda: told(chat) == ["slept"], 30, "it to be asleep")
    assert listed(chat)["is_asleep"]
