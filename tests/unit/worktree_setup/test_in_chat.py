"""A worktree's setup in a structured chat: its dialect and program, before a fake agent starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.launch import WorktreeSetup
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.one_shot import OneShotDialect
from session_host.structured.dialects.worktree_setup import SetupDialect
from session_host.structured.items import Item
from session_host.worktree_setup.command import Options, read_options
from session_host.worktree_setup.in_chat import CUT, MAX_OUTPUT_CHARACTERS
from tests.programs import program
from tests.support.hostless_chat import HostlessChat
from tests.support.waiting import wait_for_end

Open = Callable[[str], HostlessChat]


@pytest.fixture
def open_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("SHELL", "/bin/sh")
    opened: list[HostlessChat] = []
    worktree = tmp_path / "worktree"
    worktree.mkdir()

    def open_one(command: str) -> HostlessChat:
        setup = WorktreeSetup(command, str(worktree), str(tmp_path))
        turn = program("one_turn", "codex")
        agent = [sys.executable, "-P", "-m", "session_host.one_shot", "--format", "codex", "--", *turn, ":::", *turn]
        words = [sys.executable, "-P", "-m", "session_host.worktree_setup", "--lines", str(worktree), str(tmp_path)]
        chat = HostlessChat(partial_dialect(setup), Start(directory=str(tmp_path)), [*words, command, "--", *agent])
        opened.append(chat)
        return chat

    yield open_one
    for chat in opened:
        chat.close()


def partial_dialect(setup: WorktreeSetup) -> Any:
    return partial(SetupDialect, setup=setup, make=OneShotDialect)


def setups(chat: HostlessChat) -> list[Item]:
    return [item for item in chat.transcript if item.id.startswith("worktree-setup")]


def test_the_setup_is_shown_and_the_first_prompt_waits_for_its_end(open_chat: Open, tmp_path: Path) -> None:
    command = 'pwd; echo "$OUTLIVE_REPOSITORY"; echo trouble >&2; read line; touch done'
    chat = open_chat(command)
    chat.prompt("one")
    assert chat.transcript.status.state == "running"
    chat.reload()
    chat.until_idle()
    [item] = setups(chat)
    assert (item.status, item.command) == (
        "done",
        'pwd; echo "$OUTLIVE_REPOSITORY"; echo trouble >&2; read line; touch done',
    )
    assert item.output == f"{tmp_path}/worktree\n{tmp_path}\ntrouble\n"
    assert (tmp_path / "worktree" / "done").exists()
    assert [text.strip() for text in chat.texts("agent")] == ["one"]
    chat.reload()
    chat.turn("two")
    assert [text.strip() for text in chat.texts("agent")][-1].endswith("two")


def test_after_a_failure_the_user_can_try_again_or_start_anyway(open_chat: Open) -> None:
    command = "seq 20; echo run >> runs; test $(wc -l < runs) -gt 5 || exit 3"
    chat = open_chat(command)
    question = chat.until_asked()
    assert question.title == "The setup of the worktree failed (exit code 3)"
    assert question.subject == "\n".join([command, "", *map(str, range(9, 21))])
    assert [option.name for option in question.options] == ["Try again", "Start anyway", "End the chat"]
    assert chat.transcript.status.state == "requires_action"
    chat.reload()
    chat.answer(question, "again")
    question = chat.until_asked()
    assert [item.status for item in setups(chat)] == ["failed", "failed"]
    chat.reload()
    chat.answer(question, "start")
    chat.turn("one")
    assert [text.strip() for text in chat.texts("agent")] == ["one"]
    assert len(setups(chat)) == 2


def test_the_user_can_cancel_a_hanging_setup_and_end_the_chat(open_chat: Open, tmp_path: Path) -> None:
    chat = open_chat("echo here; sleep 1000 & wait")
    chat.until(lambda: setups(chat) and setups(chat)[0].output)
    chat.interrupt()
    chat.interrupt()
    question = chat.until_asked()
    assert (question.title, setups(chat)[0].status) == ("The setup of the worktree was cancelled", "interrupted")
    chat.answer(question, "end")
    assert chat.failure == "The chat was ended, because its worktree is not set up."


def test_endless_output_is_cut(open_chat: Open) -> None:
    chat = open_chat(f"head -c {MAX_OUTPUT_CHARACTERS * 2} /dev/zero | tr '\\0' x; echo; printf '\\377end'")
    chat.until_idle()
    [item] = setups(chat)
    assert item.output == "x" * MAX_OUTPUT_CHARACTERS + CUT


def test_a_background_process_of_the_setup_does_not_delay_the_agent(open_chat: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    chat = open_chat("(read line < ../go; echo late) & echo done")
    chat.turn("one")
    assert setups(chat)[0].output == "done\n"
    (tmp_path / "go").write_text("on\n")


def test_the_command_and_the_agent_get_the_users_own_environment(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "session_host.worktree_setup", "/", "/", "env > mine", "--", "env"]
    words[4] = str(tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "SHELL": "/bin/sh"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    agents = done.stdout.rpartition("\x1b\\")[2].splitlines()
    assert sorted(agents) == sorted(f"{name}={value}" for name, value in environment.items())
    assert "LC_CTYPE" not in done.stdout
    names = {line.partition("=")[0] for line in (tmp_path / "mine").read_text().splitlines()}
    assert {"OUTLIVE_WORKTREE", "OUTLIVE_REPOSITORY"} <= names
    assert "LC_CTYPE" not in names


def test_a_missing_shell_is_a_failure(open_chat: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/no/such/shell")
    chat = open_chat("true")
    assert chat.until_asked().title == "The setup of the worktree failed (exit code 127)"
    assert setups(chat)[0].output == "/no/such/shell: No such file or directory\n"


def test_the_command_line_is_read() -> None:
    assert read_options(["/w", "/r", "npm ci", "--", "a", "--", "b"]) == Options(
        False, "/w", "/r", "npm ci", ["a", "--", "b"]
    )
    assert read_options(["--lines", "/w", "/r", "c", "--", "a"]) == Options(True, "/w", "/r", "c", ["a"])
    assert read_options(["--mark", "/m", "/w", "/r", "c", "--", "a"]) == Options(False, "/w", "/r", "c", ["a"], "/m")
    assert read_options(["--lines", "--mark"]) is None
    assert read_options(["/w", "/r", "--", "a"]) is None
    assert read_options(["/w", "/r", "c", "--"]) is None


PROGRAM = """
import os, signal, sys
from pathlib import Path
from session_host.worktree_setup import command, in_chat, in_terminal
from session_host.worktree_setup.command import Options

def start(*arguments, **keywords):
    '''The command has started a process of its own when the signal comes, and this program does not know it yet.'''
    child = command.start(*arguments, **keywords)
    Path("left").write_text(Path("fifo").read_text())
    os.kill(os.getpid(), signal.SIGTERM)
    return child

in_chat.start = in_terminal.start = start
options = Options(False, os.getcwd(), os.getcwd(), "sleep 1000 & echo $! > fifo; wait", ["true"])
sys.exit({module}.run(options))
"""
TIMEOUT_S = 60.0


@pytest.mark.parametrize("module", ["in_chat", "in_terminal"])
def test_nothing_is_left_of_a_command_that_starts_when_the_chat_ends(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    os.mkfifo(tmp_path / "fifo")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{module}", module)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=False,
    )
    left = int((tmp_path / "left").read_text())
    try:
        wait_for_end(left, TIMEOUT_S, "the end of the command's own process")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    assert ran.returncode == -signal.SIGTERM
