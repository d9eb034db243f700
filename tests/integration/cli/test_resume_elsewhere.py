"""``outlive resume`` refuses a conversation that another process has open, and names the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.system.processes.process_tree import MARK
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import ask, listed, new, resume, see
from tests.support.terminals import Terminal
from tests.support.waiting import wait_for_end

pytestmark = pytest.mark.usefixtures("sessions", "agents")


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
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, MARK: chat}, start_new_session=True,
        )  # fmt: skip
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
