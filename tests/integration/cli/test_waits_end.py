"""Each wait of a command has a subject that exists, or ends: a turn that will not come, a first prompt, a full disk."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from session_host.client.sessions import turn_watch
from session_host.paths import database
from session_host.system.processes.proc import open_files
from tests.programs import Gate
from tests.support.area import Area
from tests.support.commands import new, outlive, running
from tests.support.conversing import new as new_agent
from tests.support.disks import fill_disk, small_disk
from tests.support.structured_chats import add_agent, new_chat, wait
from tests.support.waiting import TIMEOUT_S, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

SIZE_KIB = 8 * 1024
FOLLOW = ("--follow", "--timeout", "60")


def wait_until_it_waits(process: subprocess.Popen[str]) -> None:
    """Wait until a command watches the store's files, or has ended."""

    def watches() -> bool:
        return process.poll() is not None or "anon_inode:inotify" in [target for _, target in open_files(process.pid)]

    wait_until(watches, TIMEOUT_S, "the command to wait")


def begin_late_turn(area: Area) -> None:
    """Let a prompt with ``late: 1`` begin its turn."""
    (area.home / "begin").touch()


class TestTurnsThatWillNotCome:
    @pytest.mark.parametrize(
        "words",
        [
            ("answer", "one", "--turn", "99"),
            ("answer", "one", "--turn", "99", "--follow"),
            ("wait", "one", "--turn", "99"),
        ],
        ids=["answer", "follow", "wait"],
    )
    def test_a_turn_of_a_chat_view_that_nobody_asked_for_ends_at_once(self, area: Area, words: tuple[str, ...]) -> None:
        """It hung for ever."""
        new_chat(area, "one")
        with running(*words) as waiting:
            assert waiting.wait(TIMEOUT_S) == 2
            assert waiting.stderr is not None
            assert "turn 99 of one is not there" in waiting.stderr.read()

    def test_the_next_turn_and_those_of_queued_prompts_are_waited_for(self, area: Area) -> None:
        new_chat(area, "one", "deltas: 4\nhold: 2")
        wait("one", "working")
        for prompt in ("answer: two", "answer: three"):
            assert outlive("send", "one", prompt).code == 0

        assert outlive("wait", "one", "--turn", "4", "--timeout", "60").code == 2
        with running("answer", "one", "--turn", "2", *FOLLOW) as second, running("wait", "one", "--turn", "3") as third:
            (area.home / "release").touch()
            assert second.communicate(timeout=TIMEOUT_S) == ("two\n", "")
            assert third.wait(TIMEOUT_S) == 0
        assert outlive("answer", "one", "--turn", "3").output == "three\n"

    def test_the_turn_of_a_queued_prompt_that_is_discarded_ends_the_wait(self, area: Area) -> None:
        new_chat(area, "one", "deltas: 4\nhold: 2")
        wait("one", "working")
        for prompt in ("answer: two", "answer: three"):
            assert outlive("send", "one", prompt).code == 0
        with running("wait", "one", "--turn", "3") as waiting:
            assert outlive("send", "one", "--interrupt").code == 0
            assert outlive("send", "one", "--held", "discard").code == 0
            assert waiting.wait(TIMEOUT_S) == 2
            assert waiting.stderr is not None
            assert "turn 3 of one is not there" in waiting.stderr.read()

    def test_the_end_of_the_chat_ends_the_wait_for_the_next_turn(self, area: Area) -> None:
        new_chat(area, "one")
        with running("wait", "one", "--turn", "1") as waiting:
            assert outlive("stop", "one").code == 0
            assert waiting.wait(TIMEOUT_S) == 6
        assert outlive("wait", "one", "--turn", "1", "--timeout", "60").code == 6

    @pytest.mark.parametrize("turn", ["0", "-1"])
    def test_turns_count_from_1_in_wait_too(self, area: Area, turn: str) -> None:
        """It hung for ever."""
        new_chat(area, "one")
        with running("wait", "one", f"--turn={turn}") as waiting:
            assert waiting.wait(TIMEOUT_S) == 2

    def test_a_turn_of_an_agent_in_a_terminal_that_nobody_asked_for_ends_at_once(
        self, agents: Path, project: Path
    ) -> None:
        new_agent("claude", project)
        for words in (("answer", "chat", "--turn", "99", "--follow"), ("wait", "chat", "--turn", "2")):
            with running(*words) as waiting:
                assert waiting.wait(TIMEOUT_S) == 2, words


class TestFirstPrompts:
    def test_the_answer_to_a_chat_views_first_prompt_is_followed_before_its_turn_begins(self, area: Area) -> None:
        """It said at once that the chat has not answered yet."""
        new_chat(area, "one", "late: 1\nanswer: here")
        with running("answer", "one", *FOLLOW) as follower:
            wait_until_it_waits(follower)
            begin_late_turn(area)
            assert follower.communicate(timeout=TIMEOUT_S) == ("here\n", "")
        assert follower.returncode == 0

    def test_the_answer_to_a_terminals_first_prompt_is_followed_before_its_turn_begins(
        self, agents: Path, project: Path, tmp_path: Path
    ) -> None:
        with Gate(tmp_path / "gate") as gate:
            delay(agents, gate.path)
            new("claude", "-n", "chat", "-C", str(project), "-p", "hello there")
            with running("answer", "chat", *FOLLOW) as follower:
                wait_until_it_waits(follower)
                gate.release()
                assert follower.communicate(timeout=TIMEOUT_S) == ("you said: hello there\n", "")
            assert follower.returncode == 0

    def test_without_a_prompt_there_is_nothing_to_follow(self, area: Area, agents: Path, project: Path) -> None:
        new_chat(area, "one")
        new_agent("claude", project)
        for chat in ("one", "chat"):
            done = outlive("answer", chat, "--follow")
            assert (done.code, "has not answered yet" in done.error or "not reported" in done.error) == (1, True), done

    def test_a_chat_is_started_with_a_prompt_and_its_answer_is_printed(self, area: Area) -> None:
        add_agent()
        words = ("new", "fake", "--runtime", "structured", "-C", str(area.home), "--wait", "--timeout", "60")

        done = outlive(*words, "-n", "one", "-p", "answer: **Yes**")
        assert (done.code, done.output, done.error) == (0, "**Yes**\n", "")
        as_json = outlive(*words, "-n", "two", "-p", "fail: the model is away", "--json")
        assert (as_json.code, as_json.json()["outcome"], as_json.json()["turn"]) == (10, "error", 1)
        asks = outlive(*words, "-n", "three", "-p", "run: touch made")
        assert asks.code == 9
        assert "touch made" in asks.error
        assert "outlive answer three --turn 1 --follow" in asks.error

    def test_an_agent_in_a_terminal_is_started_with_a_prompt_and_its_answer_is_printed(
        self, agents: Path, project: Path
    ) -> None:
        words = ("new", "claude", "-C", str(project), "--wait", "--timeout", "60")

        done = outlive(*words, "-n", "chat", "-p", "late and long")
        assert (done.code, done.output, done.error) == (0, "you said: late and long\n", "")

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (("claude", "--wait"), "--wait needs a prompt"),
            (("shell", "--wait", "-p", "ls"), "shell does not accept a prompt"),
            (("claude", "--timeout", "5", "-p", "x"), "--timeout needs --wait"),
            (("claude", "--wait", "-p", "x", "--timeout", "-1"), "--timeout needs a number of seconds"),
        ],
    )
    def test_a_wait_without_a_prompt_or_an_answer_starts_nothing(
        self, agents: Path, words: tuple[str, ...], why: str
    ) -> None:
        done = outlive("new", "-n", "one", *words)
        assert (done.code, why in done.complaint()) == (2, True), done
        assert outlive("ls", "--all", "--json").json() == []


def delay(agents: Path, gate: Path) -> None:
    """Let the fake Claude begin only after the gate."""
    (agents / "claude").rename(agents / "conversing")
    (agents / "claude").write_text(
        f'#!/bin/sh\ncase "$*" in --version|--help) ;; *) head -c 1 {gate} >{gate}.passed ;; esac\n'
        f'exec {agents}/conversing "$@"\n'
    )
    (agents / "claude").chmod(0o755)


class TestStoresThatTakeNothing:
    """It said that it timed out, although the turn ran."""

    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ask the host after less silence than users have it."""
        monkeypatch.setattr(turn_watch, "LOOK_S", 0.5)

    def test_an_answer_is_printed_while_another_program_locks_the_store(self, area: Area) -> None:
        new_chat(area, "one")
        with closing(sqlite3.connect(database(), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            done = outlive("send", "one", "answer: yes", "--wait", "--timeout", "60")
            assert (done.code, done.output, done.error) == (0, "yes\n", "")
            assert outlive("answer", "one", "--turn", "1").output == "yes\n"
            assert outlive("wait", "one", "--turn", "1", "--timeout", "60").code == 0
            other.execute("COMMIT")

    def test_an_answer_is_printed_while_the_disk_is_full(
        self, area: Area, agents: Path, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with small_disk(area.root / "disk", SIZE_KIB) as disk:
            monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
            new_chat(area, "one")
            new_agent("claude", project)
            new("-n", "sh", "shell", "--", "bash")
            wait_until(lambda: outlive("answer", "sh").code == 1, TIMEOUT_S, "the shell's first prompt")
            ballast = fill_disk(disk)
            try:
                done = outlive("send", "one", "answer: yes", "--wait", "--timeout", "60")
                assert (done.code, done.output, done.error) == (0, "yes\n", "")
                done = outlive("send", "chat", "hello", "--enter", "--wait", "--timeout", "60")
                assert (done.code, done.output, done.error) == (0, "you said: hello\n", "")
                for text in ("1", "2"):
                    done = outlive("send", "sh", f"echo {text}", "--enter", "--wait", "--timeout", "60")
                    assert (done.code, done.output, done.error) == (0, f"{text}\n", "")
            finally:
                ballast.unlink()
            for chat in ("one", "chat", "sh"):
                assert outlive("kill", chat).code == 0
