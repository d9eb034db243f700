"""``outlive resume``: an ended chat continues its own conversation, or the command says why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.paths import database
from session_host.protocol.values import GridSize
from session_host.storage.store import Store
from session_host.system.processes.chat_mark import VARIABLE as MARK
from tests.conftest import Sessions
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OnTerminal, outlive
from tests.support.conversing import ask, listed, new, probe_options, resume, screen_lines, see
from tests.support.reboots import restart_computer
from tests.support.terminals import Terminal
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions", "agents")


class TestTheSameConversation:
    @pytest.mark.parametrize(("agent", "end"), [("claude", "stop"), ("codex", "kill")])
    def test_two_chats_in_one_directory_continue_their_own_conversations(
        self, agent: str, end: str, project: Path
    ) -> None:
        chats = {name: new(agent, project, name=name) for name in ("one", "two")}
        for name, chat in chats.items():
            ask(chat, f"remember {name}")
        for chat in chats.values():
            assert outlive(end, chat).code == 0

        for name in ("one", "two"):
            later = resume(name)
            see(later["id"], f"kept: remember {name}")
            assert not [line for line in screen_lines(later["id"]) if "kept" in line and name not in line]
            assert later["provider_session_id"] == listed(chats[name])["provider_session_id"]
            assert (later["name"], later["resumed_from"], later["state"]) == (name, chats[name], "running")
            assert listed(chats[name])["continued_by"] == later["id"]

    def test_a_resumed_chat_can_be_resumed_again(self, project: Path) -> None:
        chat = new("claude", project)
        for number in range(3):
            ask(chat, f"turn {number}")
            outlive("stop", chat)
            chat = resume("chat")["id"]

        see(chat, "kept: turn 2")
        assert [line for line in screen_lines(chat) if line.startswith("kept")] == [f"kept: turn {n}" for n in range(3)]
        assert [each["id"] for each in outlive("ls", "--json").json()] == [chat]
        assert len(outlive("ls", "--all", "--json").json()) == 4

    @pytest.mark.parametrize(("agent", "leaving"), [("claude", "/clear"), ("codex", "/new")])
    def test_a_chat_resumes_the_conversation_that_its_agent_changed_to(
        self, agent: str, leaving: str, project: Path
    ) -> None:
        chat = new(agent, project)
        ask(chat, "in the first")
        first = listed(chat)["provider_session_id"]
        outlive("send", chat, leaving, "--enter")
        ask(chat, "in the second")
        wait_until(lambda: listed(chat)["provider_session_id"] != first, 10, "the other conversation")
        outlive("kill", chat)

        later = resume(chat)["id"]

        see(later, "kept: in the second")
        assert not [line for line in screen_lines(later) if "in the first" in line]

    def test_codex_continues_an_older_conversation_that_it_returned_to(self, project: Path) -> None:
        chat = new("codex", project)
        ask(chat, "in the first")
        first = listed(chat)["provider_session_id"]
        outlive("send", chat, "/new", "--enter")
        ask(chat, "in the second")
        wait_until(lambda: listed(chat)["provider_session_id"] != first, 10, "the other conversation")
        outlive("send", chat, f"/resume {first}", "--enter")
        see(chat, "resumed")
        wait_until(lambda: listed(chat)["provider_session_id"] == first, 10, "the first conversation")
        outlive("stop", chat)

        see(resume(chat)["id"], "kept: in the first")

    def test_a_chat_is_resumed_after_a_killed_host_and_a_restart(self, project: Path, sessions: Sessions) -> None:
        chat = new("codex", project)
        ask(chat, "before")
        os.kill(listed(chat)["host_pid"], signal.SIGKILL)
        wait_until(lambda: listed(chat)["state"] == "running", 10, "the next host")
        restart_computer(sessions, empty_tmp=True)
        assert listed(chat)["reason"] == "interrupted"

        see(resume(chat)["id"], "kept: before")

    def test_a_replacement_host_knows_the_conversation(self, project: Path) -> None:
        chat = new("claude", project)
        chosen = listed(chat)["provider_session_id"]
        outlive("send", chat, "/clear", "--enter")
        wait_until(lambda: listed(chat)["provider_session_id"] != chosen, 10, "the other conversation")
        later, host = listed(chat)["provider_session_id"], listed(chat)["host_pid"]

        os.kill(host, signal.SIGKILL)

        wait_until(
            lambda: listed(chat)["host_pid"] != host and listed(chat)["viewers"] is not None, 10, "the next host"
        )
        assert listed(chat)["provider_session_id"] == later
        with Store.open(database()) as store:
            assert store.get(chat).program.conversation == later  # type: ignore[union-attr]

    def test_an_empty_conversation_is_started_again(self, project: Path) -> None:
        chat = new("claude", project)
        outlive("stop", chat)

        done = outlive("resume", chat, "--json")

        assert "the conversation is empty; starting it again" in done.error
        later = done.json()
        assert "--session-id" in later["argv"]
        assert later["provider_session_id"] == listed(chat)["provider_session_id"]
        see(later["id"], "ready")

    def test_a_prompt_blocked_by_a_trust_dialog_is_asked_after_the_resume(self, project: Path) -> None:
        (project / "untrusted").touch()
        chat = new("claude", project, "-p", "do it", "--", "--model", "opus")
        outlive("send", chat, "--key", "Enter")
        assert outlive("wait", chat, "--exited", "--timeout", "60").code == 0
        (project / "untrusted").unlink()

        done = outlive("resume", chat, "--json")

        assert "the conversation is empty" in done.error
        see(done.json()["id"], "you said: do it")
        # The prompt is asked only once.
        outlive("stop", done.json()["id"])
        later = resume(done.json()["id"])
        see(later["id"], "kept: do it")
        assert not [line for line in screen_lines(later["id"]) if "you said" in line]

    def test_claude_ended_in_its_list_has_no_conversation(self, project: Path) -> None:
        chat = new("claude", project, "--", "--resume")
        outlive("stop", chat)

        refused = outlive("resume", chat)

        assert refused.code == 1
        assert "no conversation was chosen" in refused.complaint()
        assert "claude --resume" in refused.complaint()
        assert listed(chat)["continued_by"] is None

    def test_arguments_are_kept_and_the_first_prompt_is_not(self, project: Path) -> None:
        words = ["-e", "MINE=yes", "--size", "100x30", "--engine", "pyte", "--", "--model", "opus", "--verbose"]
        chat = new("claude", project, *words, "do it")
        see(chat, "you said: do it")
        outlive("stop", chat)

        later = resume(chat)

        assert later["argv"][-3:] == ["--model", "opus", "--verbose"]
        assert (later["cwd"], later["engine"], later["cols"], later["rows"]) == (str(project), "pyte", 100, 30)
        assert processes.environment(later["child_pid"])[b"MINE"] == b"yes"
        see(later["id"], "ready")
        assert [line for line in screen_lines(later["id"]) if "do it" in line] == ["kept: do it"]

    def test_a_conversation_chosen_by_argument_is_resumed(self, project: Path) -> None:
        first = new("claude", project, name="first")
        ask(first, "long ago")
        outlive("stop", first)
        conversation = listed(first)["provider_session_id"]
        chat = new("claude", project, "--", "--resume", conversation, name="second")
        outlive("stop", chat)

        later = resume("second")

        assert later["argv"].count("--resume") == 1
        see(later["id"], "kept: long ago")

    def test_an_option_that_the_version_lacks_is_left_out(self, project: Path) -> None:
        probe_options("claude", {"CONVERSING_LACKS": "--session-id"})
        chat = new("claude", project, "-e", "CONVERSING_LACKS=--session-id")
        assert "--session-id" not in listed(chat)["argv"]
        ask(chat, "with what there is")
        # Claude's state file names the conversation that the agent chose.
        wait_until(lambda: listed(chat)["provider_session_id"], 10, "its conversation")
        outlive("stop", chat)

        see(resume(chat)["id"], "kept: with what there is")

    def test_a_resumed_chat_begins_with_a_clean_terminal(self, project: Path) -> None:
        chat = new("claude", project)
        ask(chat, "something")
        outlive("send", chat, "modes", "--enter")
        see(chat, "switched")
        assert outlive("peek", chat, "--json").json()["alternate_screen"]
        outlive("kill", chat)

        later = resume(chat)["id"]

        see(later, "kept: something")
        screen = outlive("peek", later, "--json").json()
        assert screen["alternate_screen"] is False
        assert screen["cursor"]["visible"] is True
        # Input as on a plain terminal: no bracketed paste, no keyboard protocol.
        outlive("send", later, "plain", "--paste", "--key", "Enter")
        see(later, "you said: plain")

    def test_resume_in_a_terminal_attaches(self, project: Path) -> None:
        chat = new("claude", project)
        ask(chat, "hello")
        outlive("stop", chat)

        with OnTerminal("resume", "chat", size=GridSize(90, 25)) as terminal:
            terminal.see("kept: hello")
            terminal.type("typed here\r")
            terminal.see("you said: typed here")


class TestWhyNot:
    def complaint(self, chat: str, *words: str) -> str:
        done = outlive("resume", chat, *words)
        assert done.code == 1
        return done.complaint()

    def test_a_running_chat_is_not_resumed(self, project: Path) -> None:
        chat = new("claude", project)

        assert self.complaint("chat") == f"chat: it is running; attach to it: outlive attach {chat[:8]}"

    def test_a_chat_can_be_resumed_again_after_its_successor_is_removed(self, project: Path) -> None:
        chat = new("claude", project)
        ask(chat, "x")
        outlive("stop", chat)
        later = resume(chat)["id"]
        outlive("stop", later)

        assert outlive("rm", later).code == 0

        see(resume(chat)["id"], "kept: x")

    def test_a_command_is_not_resumed(self, project: Path) -> None:
        done = outlive("new", "command", "--json", "-n", "chat", "-C", str(project), "--", "cat", "-u")
        outlive("kill", "chat")

        assert f"outlive new command -C {project} -- cat -u" in self.complaint("chat")
        assert listed(done.json()["id"])["resumable"] is False

    def test_after_an_empty_new_conversation_the_previous_one_is_named(self, project: Path) -> None:
        chat = new("claude", project)
        ask(chat, "in the first")
        wait_until(lambda: listed(chat)["provider_session_id"], 10, "the conversation")
        first = listed(chat)["provider_session_id"]
        outlive("send", chat, "/clear", "--enter")
        wait_until(lambda: listed(chat)["provider_session_id"] != first, 10, "the other conversation")
        outlive("stop", chat)

        error = outlive("resume", chat, "--json").error

        assert f"resume its earlier conversation {first}: cd {project} && claude" in error
        assert f"resume {first}" in error

    def test_a_chat_with_an_uninstalled_agent_is_not_resumed(self, project: Path, agents: Path) -> None:
        chat = new("claude", project)
        ask(chat, "x")
        outlive("stop", chat)
        (agents / "claude").unlink()

        assert "Claude Code is not installed" in self.complaint("chat")
        assert listed(chat)["continued_by"] is None


def test_a_chat_is_resumed_with_the_agents_directory_of_its_start(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = "CODEX_HOME"
    place = tmp_path / "elsewhere"
    with monkeypatch.context() as terminal:
        terminal.setenv(variable, str(place))
        chat = new("codex", project)
        ask(chat, "over there")
        wait_until(lambda: listed(chat)["provider_session_id"], 10, "its conversation")
    outlive("stop", chat)
    assert listed(chat)["resumable"] is True

    monkeypatch.setenv(variable, str(tmp_path / "of another terminal"))
    second = resume(chat)["id"]
    see(second, "kept: over there")
    ask(second, "here again")
    outlive("stop", second)
    monkeypatch.delenv(variable)
    see(resume(second)["id"], "kept: here again")

    with Store.open(database()) as store:
        records = store.all()
    assert [record.origin.located_by[variable] for record in records] == [str(place)] * 3
    assert {name for record in records for name in record.origin.located_by} == {"HOME", variable}


def test_a_conversation_that_codex_moved_into_a_worktree_of_its_own_is_resumed_there(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    moved = tmp_path / "worktree"
    moved.mkdir()
    chat = new("codex", project)
    ask(chat, "over there")
    wait_until(lambda: listed(chat)["provider_session_id"], 10, "its conversation")
    [rollout] = (tmp_path / "codex").rglob("rollout-*.jsonl")
    prompt = {"type": "item_completed", "item": {"type": "UserMessage", "content": [{"type": "text", "text": "hello"}]}}
    with rollout.open("a", encoding="utf-8") as file:
        for kind, payload in (("turn_context", {"cwd": str(moved)}), ("event_msg", prompt)):
            file.write(json.dumps({"type": kind, "payload": payload}) + "\n")
    outlive("stop", chat)

    second = str(resume(chat)["id"])

    see(second, "kept: over there")
    assert (listed(second)["cwd"], listed(chat)["cwd"]) == (str(moved), str(project))


class TestOpenElsewhere:
    def refusal(self, chat: str) -> str:
        done = outlive("resume", chat, "-d")
        assert done.code == 1
        text = done.complaint()
        assert text.endswith(f"; to resume anyway: outlive resume {listed(chat)['id'][:8]} --anyway")
        return text

    @pytest.fixture
    def chat(self, project: Path) -> str:
        chat = new("claude", project)
        ask(chat, "mine")
        outlive("stop", chat)
        return chat

    def test_a_conversation_open_in_another_chat_is_refused(self, chat: str, project: Path) -> None:
        other = new("claude", project, "--", "--resume", listed(chat)["provider_session_id"], name="other")

        assert f"the chat other has the conversation open; attach to it: outlive attach {other[:8]}" in self.refusal(
            chat
        )
        assert resume(chat, "--anyway")["resumed_from"] == chat

    def test_a_conversation_open_in_another_process_is_refused(
        self, chat: str, project: Path, agents: Path, spawn: Callable[..., tuple[int, str]]
    ) -> None:
        pid, terminal = spawn([str(agents / "claude"), "--resume", listed(chat)["provider_session_id"]], project)

        assert f"process {pid} (python" in (text := self.refusal(chat))
        assert f"on {terminal} has the conversation open; close it there first" in text

    def test_a_conversation_marked_as_open_by_the_agents_file_is_refused(
        self, chat: str, project: Path, agents: Path, area: Area, spawn: Callable[..., tuple[int, str]]
    ) -> None:
        pid, _ = spawn([str(agents / "claude")], project)
        path = area.home / ".claude" / "sessions" / f"{pid}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"sessionId": listed(chat)["provider_session_id"]}))

        assert f"process {pid} (" in self.refusal(chat)

    def test_a_file_of_a_dead_process_is_ignored(self, chat: str, area: Area) -> None:
        for name, pid, started in (("1", 1, "1"), ("2", os.getpid(), "7"), ("3", 2**22 + 1, "1")):
            fields = {"pid": pid, "sessionId": listed(chat)["provider_session_id"], "procStart": started}
            (area.home / ".claude" / "sessions" / f"{name}.json").write_text(json.dumps(fields))
        (area.home / ".claude" / "sessions" / "4.json").write_text('{"pid": 3')

        see(resume(chat)["id"], "kept: mine")

    def test_a_conversation_locked_by_codex_is_refused(
        self, project: Path, agents: Path, spawn: Callable[..., tuple[int, str]]
    ) -> None:
        chat = new("codex", project)
        ask(chat, "mine")
        outlive("stop", chat)
        thread = listed(chat)["provider_session_id"]
        pid, _ = spawn([str(agents / "codex")], project, f"/resume {thread}\n", "resumed")

        assert f"process {pid} (" in self.refusal(chat)

    def test_a_conversation_in_another_processs_command_line_is_refused(self, chat: str) -> None:
        word = f"--session={listed(chat)['provider_session_id']}"
        other = subprocess.Popen([sys.executable, "-S", "-c", "input()", word], stdin=subprocess.PIPE)
        try:
            assert f"process {other.pid} (" in self.refusal(chat)
        finally:
            other.communicate(b"\n")

    def test_an_agent_that_was_left_behind_when_all_of_outlive_was_killed_is_ended(self, chat: str) -> None:
        """Its launcher, the chat's program, was killed together with host and keepers."""
        agent = [sys.executable, "-ISc", "import signal; signal.pause()", listed(chat)["provider_session_id"]]
        launcher = subprocess.Popen(
            ["sh", "-c", '"$@" & echo $!; read x', "sh", *agent],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, MARK: chat},
            start_new_session=True,
        )
        left = int(launcher.stdout.readline() if launcher.stdout else 0)
        launcher.kill()
        launcher.wait()
        for stream in (launcher.stdin, launcher.stdout):
            assert stream is not None
            stream.close()
        with open_store() as store:
            store.update(chat, child_pid=launcher.pid)

        see(resume(chat)["id"], "kept: mine")
        wait_for_end(left, 10)

    @pytest.fixture
    def spawn(self) -> Any:
        """Starts a program on a terminal of its own, and waits until it is ready."""
        with ExitStack() as running:

            def start(argv: list[str], directory: Path, typed: str = "", answer: str = "") -> tuple[int, str]:
                terminal = running.enter_context(Terminal(argv, cwd=directory))
                terminal.until(b"ready")
                terminal.type(typed)
                terminal.until(answer.encode())
                return terminal.pid, str(Path(f"/proc/{terminal.pid}/fd/0").readlink())

            yield start
