"""``outlive events``: nothing is lost, nothing comes twice, whatever ends or stops meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from session_host.cli.events.here import LEFT_OUT
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir, database
from session_host.protocol.events import LINE_VERSION
from session_host.protocol.messages import Explanation, OpenRequests, Prompt
from session_host.protocol.values import Activity
from session_host.system.processes.permission import AGENT_CHATS
from tests.programs import program
from tests.programs.app_server_turn import USAGE
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment, new, outlive, running
from tests.support.conversing import claude_like
from tests.support.hosts import kill_host, watching
from tests.support.near_bridges import NearBridges
from tests.support.structured_chats import new_chat, send, viewing, wait
from tests.support.waiting import poll_until, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def asking(questions: int, pause_s: float = 0.1) -> list[str]:
    """A program that asks questions, and says in the end that it is done."""
    return program("questions", questions, "--pause", str(pause_s))


def printed(*words: str) -> list[dict[str, Any]]:
    """What ``events --once`` prints."""
    done = outlive("events", "--json", "--once", *words)
    assert done.code == 0, done.error
    return [json.loads(line) for line in done.output.splitlines()]


def listed(*words: str) -> list[dict[str, Any]]:
    """The same without the cursor at the end, after events that were not asked for."""
    return [each for each in printed(*words) if each["event"] != {"kind": "at"}]


def from_begin() -> str:
    """A cursor before all events."""
    ledger = str(listed()[0]["cursor"]).partition("-")[0]
    return f"{ledger}-0"


def reader(*words: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Follow the events; the reader is ended at the end of the context."""
    return running("events", "--json", *words)


def lines_until(process: subprocess.Popen[str], kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Read lines up to the one with the count-th event of this kind."""
    assert process.stdout is not None
    found: list[dict[str, Any]] = []
    while sum(each["event"]["kind"] == kind for each in found) < count:
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr is not None else ""
        found.append(json.loads(line))
    return found


def test_a_reader_gets_states_and_then_each_event_as_it_comes() -> None:
    chat = new("-n", "one", "--", "cat")
    with reader() as process:
        hello, state = lines_until(process, "state")
        assert list(hello) == list(state) == ["version", "cursor", "time", "machine", "chat", "event"]
        assert (hello["event"], hello["chat"], hello["version"]) == ({"kind": "hello"}, None, LINE_VERSION)
        assert state["chat"] == {"id": chat, "name": "one"}
        assert state["event"] == {
            "kind": "state",
            "agent": "command",
            "directory": str(Path.cwd()),
            "status": None,
            "account": "",
        }
        outlive("rename", "one", "two")
        assert [each["event"] for each in lines_until(process, "renamed")] == [{"kind": "renamed", "from": "one"}]
        outlive("kill", "two")
        [ended] = [each["event"] for each in lines_until(process, "ended") if each["event"]["kind"] == "ended"]
        assert (ended["exit_signal"], ended["end_request"]) == (9, "kill")
        outlive("rm", "two")
        assert lines_until(process, "removed")[-1]["chat"]["name"] == "two"


def test_the_lines_for_people_name_the_chat_and_what_happened() -> None:
    new("-n", "one", "--", *asking(1))
    outlive("wait", "one", "--text", "done")
    outlive("kill", "one")
    lines = outlive("events", "--once", "--since", from_begin()).output.splitlines()
    assert [line.split("one", 1)[1].strip() for line in lines] == [
        f"started: command in {Path.cwd()}",
        "needs you: question 0",
        "asks in its terminal: question 0",
        "ended: killed by you",
    ]


def test_the_end_of_a_chat_names_what_it_left_running() -> None:
    new("-n", "one", "--", "sh", "-c", "setsid sleep 4711 & echo begun; read -r line")
    outlive("wait", "one", "--text", "begun")
    outlive("send", "one", "--key", "Enter")
    assert outlive("wait", "one", "--exited").code == 0
    [_, ended] = listed("--since", from_begin(), "--event", "ended")
    assert (ended["event"]["exit_code"], ended["event"]["left"]) == (0, ["sleep"])
    words = outlive("events", "--once", "--since", from_begin(), "--event", "ended").output
    assert "ended: exit code 0; still running: sleep\n" in words
    outlive("kill", "one")  # Ends what is left.


def test_kinds_and_chats_can_be_chosen() -> None:
    for name in ("one", "two"):
        new("-n", name, "--", "cat")
        outlive("rename", name, f"{name}-b")
    begin = from_begin()
    found = listed("--since", begin, "--event", "renamed")
    assert [each["chat"]["name"] for each in found[1:]] == ["one-b", "two-b"]
    found = listed("--since", begin, "two-b")
    assert [each["event"]["kind"] for each in found[1:]] == ["started", "renamed"]
    assert listed("one-b")[1]["chat"]["name"] == "one-b"
    assert outlive("events", "--event", "other").code == 2
    assert outlive("events", "three").code == 3


def test_a_cursor_of_a_reader_whose_chat_is_quiet_does_not_grow_old() -> None:
    for name in ("one", "two"):
        new("-n", name, "--", "cat")
    begin = from_begin()
    quiet = printed("one", "--since", begin)
    assert [each["event"]["kind"] for each in quiet] == ["hello", "started", "at"]
    assert (quiet[-1]["chat"], quiet[-1]["cursor"]) == (None, listed()[0]["cursor"])
    assert [each["event"]["kind"] for each in printed("two", "--since", begin)] == ["hello", "started"]
    assert outlive("events", "--once", "one", "--since", begin).output.count("\n") == 1, "people need no cursor"
    with reader("one", "--event", "renamed") as process:
        lines_until(process, "hello")
        with open_store() as store:
            for number in range(LEFT_OUT):
                store.rename(store.find("two" if not number else f"two-{number - 1}").id, f"two-{number}")
        [at] = lines_until(process, "at")
        outlive("rename", "one", "other")
        assert [each["event"]["kind"] for each in listed("--since", at["cursor"])] == ["hello", "renamed"]


def test_a_lost_cursor_is_named_and_all_states_come_if_the_user_wants_them() -> None:
    new("-n", "one", "--", "cat")
    done = outlive("events", "--since", "0123456789abcdef-3")
    assert done.code == 11
    assert "of another database of chats; use --anyway" in done.complaint()
    assert "needs a cursor that" in outlive("events", "--since", "here").complaint()
    found = listed("--since", "0123456789abcdef-3", "--anyway")
    assert [each["event"]["kind"] for each in found] == ["reset", "hello", "state"]


def test_a_store_that_is_moved_aside_ends_the_reader_with_one_line() -> None:
    new("-n", "one", "--", "cat")
    with reader() as process:
        lines_until(process, "state")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):  # Whoever closes the moved file removes the others.
                Path(f"{database()}{suffix}").rename(f"{database()}{suffix}.aside")
        outlive("rename", "one", "two")
        assert process.wait(60) == 11
        assert process.stderr is not None
        assert "of another database of chats" in process.stderr.read()


def test_a_reader_whose_pipe_is_closed_ends_quietly() -> None:
    new("-n", "one", "--", "cat")
    with reader() as process:
        lines_until(process, "state")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 0, "without another event"
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_agent_sees_what_it_has_started() -> None:
    users = new("-n", "users", "--", "cat")
    begin = from_begin()
    assert "is for an agent" in outlive("events", "--mine", "--once").complaint()

    def as_agent(*words: str) -> str:
        agents = environment({AGENT_CHATS: users})
        return subprocess.run([*OUTLIVE, *words], env=agents, check=True, capture_output=True, text=True).stdout

    as_agent("new", "-d", "-n", "child", "--", "cat")
    new("-n", "other", "--", "cat")
    lines = as_agent("events", "--mine", "--json", "--once", "--since", begin).splitlines()
    found = [json.loads(line) for line in lines]
    assert [each["chat"]["name"] for each in found if each["chat"] is not None] == ["child"]


def test_a_reader_that_sleeps_gets_all_events_of_twenty_chats() -> None:
    with reader("--event", "status") as process:
        lines_until(process, "hello")
        os.kill(process.pid, signal.SIGSTOP)
        chats = [new("-n", f"chat-{number}", "--", *asking(30)) for number in range(20)]
        for chat in chats:
            assert outlive("wait", chat, "--text", "done").code == 0
        wait_until(
            lambda: sum(each["event"]["kind"] == "status" for each in listed("--since", from_begin())) == 600,
            60,
            "600 events in the ledger",
        )
        os.kill(process.pid, signal.SIGCONT)
        found = lines_until(process, "status", 600)
    numbers = [int(each["cursor"].partition("-")[2]) for each in found]
    assert numbers == sorted(set(numbers))
    for chat in chats:
        details = [each["event"]["detail"] for each in found if each["chat"]["id"] == chat]
        assert details == [f"question {number}" for number in range(30)]


async def test_hosts_and_readers_are_killed_and_nothing_is_lost_or_comes_twice() -> None:
    chats = await asyncio.to_thread(lambda: [new("-n", f"chat-{each}", "--", *asking(60, 0.05)) for each in range(3)])
    found: list[dict[str, Any]] = []
    cursor = from_begin()
    for round_number in range(6):
        await kill_host(chats[round_number % 3])
        with reader("--event", "status", "--since", cursor) as process:
            found += [each for each in lines_until(process, "status", 5) if each["chat"] is not None]
            process.kill()
        cursor = found[-1]["cursor"]
    for chat in chats:
        assert outlive("wait", chat, "--text", "done").code == 0
    left = 180 - len(found)
    with reader("--event", "status", "--since", cursor) as process:
        found += [each for each in lines_until(process, "status", left) if each["chat"] is not None]
    for chat in chats:
        details = [each["event"]["detail"] for each in found if each["chat"]["id"] == chat]
        assert details == [f"question {number}" for number in range(60)]


def about_questions(begin: str) -> list[dict[str, Any]]:
    """The events about questions so far."""
    lines = listed("--since", begin, "--event", "asked", "--event", "answered", "--event", "withdrawn")
    return [each["event"] for each in lines[1:]]


def turns(begin: str) -> list[dict[str, Any]]:
    """The events about turns so far."""
    return [each["event"] for each in listed("--since", begin, "--event", "turn_started", "--event", "turn_ended")[1:]]


async def test_a_question_of_a_chat_view_is_told_once_and_so_is_its_answer(area: Area) -> None:
    chat = await asyncio.to_thread(new_chat, area, "api-fix", "run: npm test")
    begin = from_begin()
    await asyncio.to_thread(wait, "api-fix", "needs_input")
    await kill_host(chat)
    done = await asyncio.to_thread(outlive, "approve", "api-fix", "--json")
    await asyncio.to_thread(wait, "api-fix", "idle")
    await kill_host(chat)
    began, ended = await poll_until(partial(asyncio.to_thread, turns, begin), lambda told: len(told) == 2, 60, "a turn")
    assert (began["kind"], began["turn"]) == ("turn_started", 1)
    assert (ended["kind"], ended["turn"], ended["outcome"]) == ("turn_ended", 1, "done")
    asked, answered = about_questions(begin)
    assert (asked["kind"], asked["about"], asked["subject"]) == ("asked", "command", "npm test")
    assert asked["complete"]
    answer = done.json()
    assert (asked["request"], asked["digest"]) == (answer["request"], answer["digest"])
    assert {each["id"] for each in asked["options"]} == {each["id"] for each in answer["options"]}
    assert answered == {
        "kind": "answered",
        "request": answer["request"],
        "by": "command",
        "option": answer["answer"],
        "name": "Allow",
    }
    words = outlive("events", "--once", "--since", begin, "--event", "asked", "--event", "answered").output
    assert "asks: Run npm test" in words
    assert "answered by a command: Allow" in words


async def test_the_end_of_a_turn_has_its_tokens_and_the_number_of_its_files(area: Area) -> None:
    chat = await asyncio.to_thread(new_chat, area, "api-fix", "edit: a.txt")
    begin = from_begin()
    await asyncio.to_thread(wait, "api-fix", "needs_input")
    await kill_host(chat)
    await asyncio.to_thread(outlive, "approve", "api-fix")
    await asyncio.to_thread(wait, "api-fix", "idle")
    [_, ended] = await poll_until(partial(asyncio.to_thread, turns, begin), lambda told: len(told) == 2, 60, "a turn")
    assert (ended["tokens"], ended["files_changed"]) == (USAGE["totalTokens"], 1)
    words = outlive("events", "--once", "--since", begin, "--event", "turn_ended").output
    assert f"turn 1 ended: done ({ended['tokens']:,} tokens, 1 file)" in words


async def test_a_question_of_a_terminal_is_answered_outside_in_its_dialog_or_withdrawn(tmp_path: Path) -> None:
    asks = {"tool_name": "Bash", "tool_input": {"command": "npm test"}}
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n")
    async with claude_like(tmp_path) as chat:
        begin = from_begin()
        for how in ("outside", "dialog"):
            chat.order(f"asks {json.dumps(asks)}")
            await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
            if how == "outside":
                assert (await asyncio.to_thread(outlive, "deny", chat.record.entry.name)).code == 0
            else:
                await request(chat.record.id, OpenRequests(0))
                chat.order("dialog yes")
            await chat.wait_for_status(Activity.WORKING, "state file")
        await poll_until(partial(asyncio.to_thread, about_questions, begin), lambda told: len(told) == 4, 60, "all")
    first, denied, second, decided = about_questions(begin)
    assert [each["kind"] for each in (first, denied, second, decided)] == ["asked", "answered"] * 2
    assert (first["subject"], denied["by"], decided["by"]) == ("npm test", "command", "dialog")
    assert first["request"] == denied["request"] != second["request"] == decided["request"]


async def test_a_question_in_a_terminal_rings_with_default_settings(tmp_path: Path) -> None:
    """The guide's first script was silent: Claude Code, as it is installed, is answered in its dialog alone."""
    asks = {"tool_name": "Bash", "tool_input": {"command": "npm test"}}
    async with claude_like(tmp_path) as chat:
        begin = from_begin()
        chat.order(f"asks {json.dumps(asks)}")
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
        assert (await asyncio.to_thread(outlive, "wait", "--any", "--status", "needs_input")).code == 0
        [asked] = await poll_until(partial(asyncio.to_thread, about_questions, begin), bool, 60, "the question")
        words = await asyncio.to_thread(outlive, "events", "--once", "--bell", "--since", begin, "--event", "asked")
    assert (asked["kind"], asked["request"], asked["options"], asked["complete"]) == ("asked", "", [], False)
    assert words.output.startswith("\a")
    assert f"asks in its terminal: {asked['title']}" in words.output
    assert outlive("events", "--bell", "--json").code == 2, "a bell is no line of JSON"


def test_a_script_lists_and_then_follows_without_a_gap() -> None:
    new("-n", "one", "--", "cat")
    [row] = outlive("ls", "--json").json()
    outlive("rename", "one", "two")
    found = listed("--since", row["cursor"])
    assert [each["event"]["kind"] for each in found] == ["hello", "renamed"]
    assert found[0]["cursor"] == row["cursor"]


def test_the_end_of_a_shells_command_has_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("OUTLIVE_SHELL_INTEGRATION", raising=False)
    with reader("--event", "command_ended") as process:
        lines_until(process, "hello")
        new("shell", "-n", "sh")
        assert outlive("wait", "sh", "--text", "[$#] ?$").code == 0
        outlive("send", "sh", "sleep 0.2; (exit 3)", "--enter")
        [ended] = lines_until(process, "command_ended")
    assert ended["event"]["exit_code"] == 3
    assert 0 <= ended["event"]["duration_s"] < 60  # It is between two readings, of which the first may be late.


async def test_turns_of_a_terminal_are_counted_and_survive_hosts(tmp_path: Path) -> None:
    begin = from_begin()
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        for _ in range(2):
            chat.order("state busy")
            await chat.wait_for_status(Activity.WORKING, "state file")
            await kill_host(chat.record.id)
            chat.order("state idle")
            await chat.wait_for_status(Activity.IDLE, "state file")
        chat.order("state busy")
        await chat.wait_for_status(Activity.WORKING, "state file")
    found = [(each["kind"], each["turn"], each.get("outcome")) for each in turns(begin)]
    done = [("turn_started", 1, None), ("turn_ended", 1, "done"), ("turn_started", 2, None), ("turn_ended", 2, "done")]
    assert found == [*done, ("turn_started", 3, None), ("turn_ended", 3, "cut")]


async def test_a_turn_of_a_terminal_that_its_user_stopped_is_not_done(tmp_path: Path) -> None:
    begin = from_begin()
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        for end in ("idle", "done"):
            chat.order("say \\x1b]7501;state=working\\x1b\\\\")
            chat.order("state busy")
            await chat.wait_for_status(Activity.WORKING, "state file")
            await asyncio.to_thread(send, chat.record.id, "--key", "Escape")
            chat.order(f"say \\x1b]7501;state={end}\\x1b\\\\")
            await poll_until(chat.explanation, partial(has_said, f"state={end}"), 60, "the end of the turn")
            chat.order("state idle")
            await chat.wait_for_status(Activity.IDLE, "state file")
    assert [each.get("outcome") for each in turns(begin)] == [None, "interrupted", None, "done"]


def has_said(text: str, explanation: Explanation) -> bool:
    """Whether the agent's last report by OSC 7501 is this."""
    return any((each.source, each.said) == ("osc 7501", text) for each in explanation.evidence)


async def begun_by(begin: str, count: int) -> list[str]:
    """Who began the turns so far, once there are so many."""
    told = await poll_until(
        partial(asyncio.to_thread, listed, "--since", begin, "--event", "turn_started"),
        lambda lines: len(lines) == count + 1,
        60,
        f"{count} turns",
    )
    return [each["event"]["by"] for each in told[1:]]


async def test_the_beginning_of_a_turn_of_a_chat_view_says_who_sent_its_prompt(area: Area) -> None:
    chat = await asyncio.to_thread(new_chat, area, "api-fix")
    begin = from_begin()
    await asyncio.to_thread(send, "api-fix", "hold: 1")
    assert await begun_by(begin, 1) == ["command"]
    async with viewing(chat, kind="window") as window:
        window.viewer.send(Prompt("next"))
        await window.watcher.until(lambda: "next" in window.texts("user"), "the prompt to be in the queue")
        await kill_host(chat)
        (area.home / "release").touch()
        assert await begun_by(begin, 2) == ["command", "window"]
    words = outlive("events", "--once", "--since", begin, "--event", "turn_started").output
    assert "turn 1 began by a command" in words
    assert "turn 2 began in a window" in words


async def test_the_beginning_of_a_turn_of_a_terminal_says_who_pressed_enter(tmp_path: Path) -> None:
    begin = from_begin()
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        for by in ("command", "attach", ""):
            if by == "command":
                await asyncio.to_thread(send, chat.record.id, "--key", "Enter")
            elif by:
                async with watching(chat.record.id, kind=by) as (viewer, _):
                    viewer.key("Enter")
            chat.order("state busy")
            await chat.wait_for_status(Activity.WORKING, "state file")
            chat.order("state idle")
            await chat.wait_for_status(Activity.IDLE, "state file")
        assert await begun_by(begin, 3) == ["command", "attach", ""]


class TestOtherMachines:
    """Bridges run here with this test's own chats, so that ``near`` and this machine have the same ones."""

    @pytest.fixture
    def near(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NearBridges:
        bridges = NearBridges(tmp_path / "near", monkeypatch)
        assert outlive("machines", "add", "near").code == 0
        return bridges

    def test_each_event_comes_once_while_the_connection_is_cut_fifty_times(self, near: NearBridges) -> None:
        chat = new("-n", "one", "--", "cat")
        with reader("--on", "near", "--event", "renamed") as process:
            assert lines_until(process, "hello")[0]["event"] == {"kind": "hello"}
            found = []
            for number in range(50):
                outlive("rename", chat, f"name-{number}")
                near.cut()
                outlive("rename", chat, f"again-{number}")
                found += lines_until(process, "renamed", 2)
        names = ["one", *(f"{word}-{number}" for number in range(50) for word in ("name", "again"))]
        assert [each["event"]["from"] for each in found] == names[:100]
        assert {each["machine"] for each in found} == {"near"}

    def test_on_all_machines_a_cursor_goes_on_for_each(self, near: NearBridges) -> None:
        chat = new("-n", "one", "--", "cat")
        first = listed("--on", "all")
        assert [each["event"]["kind"] for each in first] == ["hello", "state", "state"]
        assert {each["machine"] for each in first[1:]} == {"here", "near"}
        assert {each["chat"]["id"] for each in first[1:]} == {chat}
        outlive("rename", "one", "two")

        later = listed("--on", "all", "--since", first[-1]["cursor"])

        assert sorted((each["machine"], each["event"]["kind"]) for each in later) == [
            ("here", "hello"),
            ("here", "renamed"),
            ("near", "renamed"),
        ]
        assert [each["event"]["kind"] for each in listed("--on", "all", "--since", later[-1]["cursor"])] == ["hello"]
        lost = outlive("events", "--json", "--once", "--on", "near", "--since", "near=0123456789abcdef-7")
        assert (lost.code, "--anyway" in lost.error) == (11, True)
        assert outlive("events", "--on", "near", "--since", "nonsense", "--once").code == 2

    def test_a_machine_out_of_reach_is_said_and_its_events_come_later(self, near: NearBridges) -> None:
        chat = new("-n", "one", "--", "cat")
        with reader("--on", "near") as process:
            lines_until(process, "state")
            near.set_reachable(False)
            near.cut()
            [unreachable] = lines_until(process, "unreachable")
            assert (unreachable["chat"], unreachable["machine"]) == (None, "near")
            assert "near" in unreachable["event"]["why"]
            outlive("rename", chat, "two")
            near.set_reachable(True)
            assert [each["event"]["kind"] for each in lines_until(process, "renamed")] == ["reachable", "renamed"]
        near.set_reachable(False)
        assert outlive("events", "--once", "--on", "near").code == 7
        here = outlive("events", "--once", "--on", "all")
        assert (here.code, "near" in here.error) == (0, True)
        assert "two" in here.output
        assert outlive("events", "--on", "elsewhere").code == 3

    def test_what_no_machine_of_ours_sends_is_left_out(self, near: NearBridges, tmp_path: Path) -> None:
        program = tmp_path / "near" / "outlive"
        script = program.read_text(encoding="utf-8")
        lies = 'printf \'%s\\n\' nonsense \'{"version":1}\' "[[[["; printf "%099999d\\n" 1'
        program.write_text(script.replace("\n", f'\ncase "$1" in events) {lies}; exit 0;; esac\n', 1), encoding="utf-8")
        assert [each["event"]["kind"] for each in listed("--on", "near")] == ["hello"]
