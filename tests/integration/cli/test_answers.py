"""``send --wait``, ``answer`` and ``wait --turn``: the answer of a turn, and how the turn ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from session_host.agents.conversations.turns import RecordedTurn, number_of_turn, turn_of_number, turn_of_prompt
from session_host.cli.turns import waiting
from session_host.protocol.values import Activity
from tests.support.area import Area
from tests.support.commands import Done, environment, new, outlive, running
from tests.support.conversing import ClaudeLike, claude_like
from tests.support.conversing import new as new_agent
from tests.support.hosts import kill_host
from tests.support.ledger import turn_ends_of
from tests.support.structured_chats import input_log, new_chat, wait, wait_for_text
from tests.support.waiting import TIMEOUT_S, poll_until, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def ask(chat: str, prompt: str, *words: str) -> Done:
    """Send a prompt, and wait for its answer."""
    return outlive("send", chat, prompt, "--enter", "--wait", "--timeout", "60", *words)


class TestChatViews:
    def test_the_answer_is_printed_as_the_agent_wrote_it(self, area: Area) -> None:
        new_chat(area, "one")

        done = ask("one", "answer: **Yes**, it is.")

        assert (done.code, done.output, done.error) == (0, "**Yes**, it is.\n", "")
        assert outlive("answer", "one").output == "**Yes**, it is.\n"

    def test_json_names_the_turn_that_a_prompt_began(self, area: Area) -> None:
        chat = new_chat(area, "one")
        ask("one", "first")

        sent = outlive("send", "one", "answer: two", "--json").json()

        assert sent == {"session_id": chat, "name": "one", "turn": 2, "how": "began", "note": ""}
        assert outlive("wait", "one", "--turn", "2", "--timeout", "60").code == 0
        expected = {"session_id": chat, "name": "one", "turn": 2, "outcome": "done", "error": ""}
        expected |= {"resets_at": "", "complete": True, "answer": "two"}
        assert outlive("answer", "one", "--turn", "2", "--json").json() == expected
        assert [outlive("answer", "one", "--last", str(k)).output for k in (1, 2)] == ["two\n", "echo: first\n"]

    def test_a_prompt_that_is_queued_or_goes_into_a_turn_says_so_and_gets_its_own_answer(self, area: Area) -> None:
        new_chat(area, "one", "deltas: 4\nhold: 2")
        wait("one", "working")

        queued = outlive("send", "one", "answer: of the queue", "--json").json()
        assert (queued["turn"], queued["how"]) == (None, "queued")
        with running("send", "one", "answer: after it", "--wait") as later:
            wait_until(lambda: "after it" in outlive("peek", "one").output, TIMEOUT_S, "the second prompt")
            assert outlive("answer", "one", "--turn", "1").code == 1
            steered = outlive("send", "one", "go on", "--steer", "--json").json()
            assert (steered["turn"], steered["how"]) == (1, "steered")
            output, error = later.communicate(timeout=TIMEOUT_S)
        assert (later.returncode, output, error) == (0, "after it\n", "")
        assert outlive("answer", "one", "--turn", "2").output == "of the queue\n"

    def test_a_question_ends_the_wait_and_is_not_answered(self, area: Area) -> None:
        new_chat(area, "one")

        done = ask("one", "run: touch made")

        assert done.code == 9
        assert "touch made" in done.error
        assert "outlive answer one --turn 1 --follow" in done.error
        assert not (Path(area.home) / "made").exists()
        with running("answer", "one", "--turn", "1", "--follow") as follower:
            assert follower.wait(TIMEOUT_S) == 9
        assert outlive("approve", "one").code == 0
        with running("answer", "one", "--turn", "1", "--follow") as follower:
            assert follower.communicate(timeout=TIMEOUT_S)[0] == "the decision was accept\n"
        assert follower.returncode == 0

    def test_an_error_an_interrupted_turn_and_the_end_of_the_chat_have_their_exit_codes(self, area: Area) -> None:
        new_chat(area, "one")

        failed = ask("one", "answer: so far\nfail: the model is away")
        assert failed.code == 10
        assert "turn 1 failed: the model is away" in failed.error
        assert ask("one", "limit: 100").code == 0
        limited = ask("one", "refuse: You have hit your usage limit", "--json")
        answer = json.loads(limited.output)
        assert (limited.code, answer["outcome"], answer["resets_at"] > "2026") == (10, "limit", True)
        assert "usage limit" in limited.error
        assert "it is reset at" in limited.error
        with running("send", "one", "deltas: 4\nhold: 2", "--wait") as asked:
            wait("one", "working")
            wait_until(lambda: outlive("send", "one", "--interrupt").code == 0, TIMEOUT_S, "the turn")
            assert asked.wait(TIMEOUT_S) == 10
            assert asked.stderr is not None
            assert "turn 4 was interrupted" in asked.stderr.read()
        late = outlive("send", "one", "deltas: 4\nhold: 2", "--wait", "--timeout", "4")
        assert (late.code, "timed out waiting for the end of turn 5" in late.error) == (5, True)
        with running("answer", "one", "--follow") as follower:
            assert follower.stdout is not None
            assert follower.stdout.read(1)  # It follows.
            assert outlive("kill", "one").code == 0
            assert follower.wait(TIMEOUT_S) == 6

    def test_an_answer_is_followed_by_one_attachment_and_goes_on_when_the_host_is_killed(self, area: Area) -> None:
        chat = new_chat(area, "one", "count: 6\nhold: 3")
        wait("one", "working")
        with running("answer", "one", "--follow") as follower:
            assert follower.stdout is not None
            begin = follower.stdout.read(len("answer line 0001\n") * 3 - 1)
            asyncio.run(kill_host(chat))
            wait_for_text("one", "line 0003")
            (input_log(area).parent / "release").touch()
            rest, error = follower.communicate(timeout=TIMEOUT_S)
        assert (follower.returncode, error) == (0, "")
        assert begin + rest == "".join(f"answer line {number:04d}\n" for number in range(1, 7))

        (input_log(area).parent / "release").unlink()
        outlive("send", "one", "count: 20\ndelay: 20\nhold: 3")
        wait("one", "working")
        before = outlive("logs", "one").output.count("attached ")
        with running("answer", "one", "--follow") as follower:
            assert follower.stdout is not None
            begin = follower.stdout.read(len("answer line 0001\n") * 3 - 1)  # It follows.
            (input_log(area).parent / "release").touch()
            assert (begin + follower.communicate(timeout=TIMEOUT_S)[0]).count("\n") == 20
        attached = outlive("logs", "one").output.count("attached ") - before
        assert attached == 2, "to follow it, and to read its end"

    def test_the_wait_goes_on_when_the_host_is_killed(self, area: Area) -> None:
        chat = new_chat(area, "one")
        with running("send", "one", "deltas: 4\nhold: 2", "--wait") as asked:
            wait("one", "working")
            asyncio.run(kill_host(chat))
            wait_for_text("one", "2")
            (input_log(area).parent / "release").touch()
            output, error = asked.communicate(timeout=TIMEOUT_S)
        assert (asked.returncode, error) == (0, "")
        assert output
        assert input_log(area).read_text(encoding="utf-8").count('"turn/start"') == 1

    def test_the_answer_of_a_turn_that_its_agents_end_cut_is_not_called_whole(self, area: Area) -> None:
        """Half a text was called "done", without any sign."""
        chat = new_chat(area, "one")
        assert ask("one", "answer: whole").code == 0
        outlive("send", "one", "count: 6\nhold: 3")
        wait_for_text("one", "line 0003")
        os.kill(outlive("ls", "--json").json()[0]["child_pid"], signal.SIGKILL)
        assert outlive("wait", "one", "--exited", "--timeout", "60").code == 0

        half = outlive("answer", chat)

        assert half.code == 6
        assert half.output.splitlines()[-1] == "answer line 0003"
        assert "during turn 2" in half.error
        for words in ((), ("--turn", "2")):
            told = outlive("answer", chat, "--json", *words).json()
            assert (told["turn"], told["outcome"], told["complete"]) == (2, "cut", False)
        assert outlive("answer", chat, "--last", "2").output == "whole\n"

    def test_the_last_answer_says_how_its_turn_ended(self, area: Area) -> None:
        new_chat(area, "one", "count: 6\nhold: 3")
        wait_for_text("one", "line 0003")
        assert outlive("send", "one", "--interrupt").code == 0
        wait("one", "idle")

        stopped = outlive("answer", "one", "--json")

        assert (stopped.code, stopped.json()["turn"], stopped.json()["outcome"]) == (10, 1, "interrupted")
        assert "turn 1 was interrupted" in stopped.error

    def test_a_command_of_the_agent_without_a_turn_is_no_failure(self, area: Area) -> None:
        new_chat(area, "one")

        done = ask("one", "/compact", "--json")

        assert (done.code, done.error) == (0, "")
        told = json.loads(done.output)
        assert (told["turn"], told["outcome"], told["answer"]) == (None, "done", "")


def recorded(kind: str, content: object, **fields: object) -> str:
    """A line of Claude Code's transcript, of now."""
    message = {"content": content, "stop_reason": "end_turn"}
    at = datetime.now(UTC).isoformat()
    return json.dumps({"type": kind, "message": message, "timestamp": at, **fields}) + "\n"


class TestClaudesQueue:
    """Prompts that are typed while Claude Code works, with its own reports and its own record of them."""

    @pytest.fixture
    async def chat(self, tmp_path: Path) -> AsyncIterator[ClaudeLike]:
        async with claude_like(tmp_path) as chat:
            chat.order("say \\x1b]7501;state=idle\\x1b\\\\")
            chat.order("state idle")
            await chat.wait_for_status(Activity.IDLE, "state file")
            yield chat

    async def works_on(self, chat: ClaudeLike, prompt: str, process: subprocess.Popen[str]) -> None:
        """Take a prompt, and work."""
        await chat.wait_for_text(f"took {prompt}")
        assert process.poll() is None
        chat.order('hook UserPromptSubmit {"prompt": "' + prompt + '"}')
        chat.order("say \\x1b]7501;state=working\\x1b\\\\")
        chat.order("state busy")
        await chat.wait_for_status(Activity.WORKING, "state file")

    async def said(self, chat: ClaudeLike, source: str, text: str) -> None:
        """Wait until the host knows this report."""
        await poll_until(
            chat.explanation, lambda told: any((e.source, e.said) == (source, text) for e in told.evidence), 60, text
        )

    async def ends(self, chat: ClaudeLike) -> None:
        chat.order("hook Stop {}")
        await self.said(chat, "hook", "Stop")
        chat.order("say \\x1b]7501;state=done\\x1b\\\\")
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file", "")

    async def test_a_prompt_behind_a_turn_that_fails_is_answered_and_not_told_as_failed(
        self, chat: ClaudeLike, area: Area
    ) -> None:
        record = transcript(area, chat)
        with running("send", chat.record.id, "the first", "--enter", "--wait", "--timeout", "60") as first:
            await self.works_on(chat, "the first", first)
            append(record, recorded("user", "the first"))
            with running("send", chat.record.id, "behind it", "--enter", "--wait", "--timeout", "60") as second:
                await self.works_on(chat, "behind it", second)
                await self.said(chat, "hook", "UserPromptSubmit")
                append(record, recorded("assistant", [], isApiErrorMessage=True))
                chat.order('hook StopFailure {"error": "unknown", "last_assistant_message": "API Error: 400"}')
                await self.said(chat, "hook", "StopFailure: API Error: 400")
                chat.order("state idle")
                await self.said(chat, "state file", "idle")
                chat.order("state busy")
                await self.said(chat, "state file", "busy")
                append(record, recorded("user", "behind it"))
                failed = await asyncio.to_thread(first.communicate, timeout=TIMEOUT_S)
                append(record, recorded("assistant", [{"type": "text", "text": "I am here."}]))
                await self.ends(chat)
                answered = await asyncio.to_thread(second.communicate, timeout=TIMEOUT_S)
        assert first.returncode == 10
        assert failed == ("", f"outlive: {chat.record.entry.name}: turn 1 failed: API Error: 400\n")
        assert (second.returncode, answered) == (0, ("I am here.\n", ""))
        assert [(each.turn, each.outcome) for each in turn_ends_of(chat.record.id)] == [(1, "error"), (2, "done")]
        last = await asyncio.to_thread(lambda: outlive("answer", chat.record.id, "--json").json())
        assert (last["turn"], last["outcome"]) == (2, "done")

    async def test_two_prompts_that_one_turn_takes_have_its_answer(self, chat: ClaudeLike, area: Area) -> None:
        """The first of the two was told that its turn ended without a text."""
        record = transcript(area, chat)
        with running("send", chat.record.id, "one thing", "--enter", "--wait", "--timeout", "60") as first:
            await self.works_on(chat, "one thing", first)
            with running("send", chat.record.id, "another", "--enter", "--wait", "--timeout", "60") as second:
                await self.works_on(chat, "another", second)
                append(record, recorded("user", "one thing"), recorded("user", "another"))
                append(record, recorded("assistant", [{"type": "text", "text": "Both are done."}]))
                await self.ends(chat)
                answers = [await asyncio.to_thread(each.communicate, timeout=TIMEOUT_S) for each in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0)
        assert answers == [("Both are done.\n", "")] * 2


def transcript(area: Area, chat: ClaudeLike) -> Path:
    """The file of the chat's conversation."""
    directory = Path(area.home) / ".claude" / "projects" / "project"
    directory.mkdir(parents=True)
    return directory / f"{chat.record.program.conversation}.jsonl"


def append(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)


class TestAgentsInTerminals:
    def test_the_answer_is_read_from_the_agents_own_record(self, agents: Path, project: Path) -> None:
        new_agent("claude", project)

        done = ask("chat", "hello there")
        late = ask("chat", "late and long")

        assert (done.code, done.output, done.error) == (0, "you said: hello there\n", "")
        assert (late.code, late.output, late.error) == (0, "you said: late and long\n", "")
        answers = [outlive("answer", "chat", "--turn", str(turn)).output for turn in (1, 2)]
        assert answers == [done.output, late.output]
        again = outlive("send", "chat", "once more", "--enter", "--json").json()
        assert (again["turn"], again["how"]) == (3, "began")
        assert outlive("wait", "chat", "--turn", "3", "--timeout", "60").code == 0
        with running("answer", "chat", "--turn", "3", "--follow") as follower:
            assert follower.communicate(timeout=TIMEOUT_S) == ("you said: once more\n", "")

    def test_each_turn_is_counted_once_the_agent_has_recorded_its_answer(self, agents: Path, project: Path) -> None:
        new_agent("claude", project)
        begin = str(outlive("events", "--json", "--once").output.splitlines()[0])
        words = ("events", "--json", "--once", "--since", json.loads(begin)["cursor"], "--event", "turn_counted")

        def counted() -> list[tuple[int, str, bool]]:
            events = [json.loads(line)["event"] for line in outlive(*words).output.splitlines()]
            told = [each for each in events if each["kind"] == "turn_counted"]
            return [(each["turn"], each["outcome"], each["work"] is not None) for each in told]

        assert ask("chat", "hello there").code == 0
        assert ask("chat", "late and long").output == "you said: late and long\n"
        expected = [(1, "done", True), (2, "done", True)]
        wait_until(lambda: counted() == expected, TIMEOUT_S, lambda: f"two counts, not {counted()}")

    def test_turns_that_are_over_before_the_agents_state_is_read_are_turns(self, agents: Path, project: Path) -> None:
        new_agent("claude", project)

        for turn in range(1, 6):
            began = outlive("send", "chat", f"quick {turn}", "--enter", "--json").json()
            assert (began["turn"], began["how"], began["note"]) == (turn, "began", "")
            assert outlive("wait", "chat", "--turn", str(turn), "--timeout", "60").code == 0
        waited = ask("chat", "quick last")
        assert (waited.code, waited.output, waited.error) == (0, "you said: quick last\n", "")

    @pytest.mark.parametrize("follow", [(), ("--follow",)], ids=["read", "followed"])
    def test_the_last_answer_is_that_of_a_turn_that_has_just_ended(
        self, agents: Path, project: Path, follow: tuple[str, ...]
    ) -> None:
        new_agent("claude", project)
        assert ask("chat", "hello there").code == 0

        outlive("send", "chat", "late again", "--enter")
        assert outlive("wait", "chat", "--turn", "2", "--timeout", "60").code == 0
        done = outlive("answer", "chat", *follow)

        assert (done.code, done.output, done.error) == (0, "you said: late again\n", "")

    def test_an_answer_that_is_not_written_in_time_is_not_made_up(
        self, agents: Path, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "COUNTED_WITHIN_S", 0.1)
        new_agent("claude", project)

        done = ask("chat", "late again")

        assert (done.code, done.output) == (1, "")
        assert "turn 1 ended without a text" in done.error
        wait_until(lambda: outlive("answer", "chat").output == "you said: late again\n", TIMEOUT_S, "the answer")

    def test_of_an_agent_without_a_record_nothing_is_sent(self, tmp_path: Path) -> None:
        (Path(environment()["OUTLIVE_CONFIG_DIR"]) / "agents").mkdir(parents=True, exist_ok=True)
        text = 'title = "Mute"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\n'
        (Path(environment()["OUTLIVE_CONFIG_DIR"]) / "agents" / "mute.toml").write_text(text)
        assert outlive("new", "mute", "-d", "-n", "mute").code == 0

        done = ask("mute", "hello")

        assert (done.code, done.output) == (2, "")
        assert "knows no record of Mute’s answers" in done.error
        assert "hello" not in outlive("peek", "mute").output
        assert outlive("answer", "mute").code == 2


class TestShells:
    @pytest.fixture
    def shell(self) -> str:
        chat = new("-n", "sh", "shell", "--", "bash")
        wait_until(lambda: outlive("answer", "sh").code == 1, TIMEOUT_S, "the shell's first prompt")
        return chat

    def test_a_commands_output_is_its_answer(self, shell: str) -> None:
        assert ask("sh", "seq 3").output == "1\n2\n3\n"
        failed = ask("sh", "ls /nothing/there")
        assert failed.code == 10
        assert "No such file" in failed.output
        assert "the command ended with exit code 2" in failed.error
        assert outlive("answer", "sh", "--last", "2").output == "1\n2\n3\n"
        assert outlive("answer", "sh", "--last", "3").code == 1
        assert outlive("answer", "sh", "--turn", "1").code == 2

    def test_a_command_that_runs_gets_no_text(self, shell: str) -> None:
        assert outlive("send", "sh", "sleep 1000", "--enter", "--wait", "--timeout", "0.5").code == 5
        wait_until(lambda: "sleep" in ask("sh", "echo hi").error, TIMEOUT_S, "the refusal")
        assert outlive("send", "sh", "--key", "Ctrl+c").code == 0
        wait("sh", "idle")
        assert ask("sh", "echo hi").output == "hi\n"

    def test_without_marks_nothing_is_typed(self) -> None:
        new("-n", "plain", "--", "sh", "-c", "echo ready; cat")
        wait_for_text("plain", "ready")
        done = ask("plain", "echo hi")
        assert (done.code, "marks no commands" in done.error) == (2, True)
        assert "hi" not in outlive("peek", "plain").output


TURNS = [
    RecordedTurn("three", "C", 300.0),
    RecordedTurn("steer", "B2", 204.0),
    RecordedTurn("two", "B", 195.0),
    RecordedTurn("one", "A", 101.0),
]
"""Recorded turns, the newest first; the second turn of the session began seconds after its prompt."""
STARTS = {1: 100.5, 2: 200.0, 3: 300.2}


def test_a_chat_view_of_a_command_has_turns_and_answers(area: Area) -> None:
    script = 'echo "answer to $1"'
    chat = new("command", "--runtime", "structured", "-C", str(area.home), "--", "sh", "-c", script, "x", "%prompt%")
    sent = outlive("send", chat, "one", "--wait", "--timeout", "60")
    assert (sent.code, sent.output.strip()) == (0, "answer to one"), sent
    assert outlive("answer", chat).output.strip() == "answer to one"


@pytest.mark.parametrize(("number", "answer"), [(1, "A"), (2, "B\n\nB2"), (3, "C")])
def test_the_prompts_of_a_turn_are_found_by_their_times(number: int, answer: str) -> None:
    found = turn_of_number(iter(TURNS), STARTS, number)
    assert found is not None
    assert found.answer == answer


def test_a_turn_without_a_recorded_prompt_has_no_answer_of_another_one() -> None:
    starts: dict[int, float] = STARTS | {4: 400.0}
    assert turn_of_number(iter(TURNS), starts, 4) is None
    assert turn_of_number(iter(TURNS), {1: 100.5, 2: 150.0, 3: 200.0}, 2) is None


def test_the_prompt_of_a_next_turn_that_is_not_counted_yet_is_not_joined() -> None:
    found = turn_of_number(iter(TURNS), {1: 100.5, 2: 200.0}, 2, 250.0)
    assert found is not None
    assert found.answer == "B\n\nB2"


def test_records_without_times_are_counted_from_their_end() -> None:
    turns = [RecordedTurn("b", "B"), RecordedTurn("a", "A")]
    found: list[Any] = [turn_of_number(iter(turns), {1: 1.0, 2: 2.0, 3: 3.0}, number) for number in (3, 2, 1)]
    assert [turn and turn.answer for turn in found] == ["B", "A", None]


def test_a_prompt_that_came_into_the_same_turn_as_the_next_one_has_its_answer() -> None:
    turns = [
        RecordedTurn("two", "D", 30.0),
        RecordedTurn("one", "C", 29.0, goes_on=True, is_joined=True),
        RecordedTurn("a", "A", 20.0),
        RecordedTurn("one", "", 10.0, is_joined=True),
    ]
    assert turn_of_prompt(iter(turns), "one", 15.0) == RecordedTurn("one", "C\n\nD", 30.0, is_joined=True)
    assert turn_of_prompt(iter(turns), "two", 15.0) == turns[0]


def test_the_number_of_a_recorded_turn_is_found_by_its_time() -> None:
    turns = [
        RecordedTurn("three", "C", 300.0),
        RecordedTurn("two", "B", 195.0),
        RecordedTurn("one", "A", 101.0),
        RecordedTurn("before", "O", 50.0),
    ]
    assert [number_of_turn(turns, STARTS, turn) for turn in turns] == [3, 2, 1, 0]
    assert number_of_turn([RecordedTurn("untimed", "A")], STARTS, RecordedTurn("untimed", "A")) == 0


def test_a_prompt_is_found_by_its_text_and_not_an_earlier_one() -> None:
    turns = [RecordedTurn("other", "C", 30.0), RecordedTurn("go\n on", "B", 20.0), RecordedTurn("go on", "A", 10.0)]
    assert turn_of_prompt(iter(turns), "go on", 15.0) == turns[1]
    assert turn_of_prompt(iter(turns), "go on", 25.0) is None
