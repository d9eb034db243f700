"""A command sets up a chat's new worktree before its agent starts: in a terminal, and without windows."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.control import request as ask
from session_host.client.viewer.viewer import Viewer
from session_host.errors import ConfigError
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import SETUP_DETAIL
from session_host.protocol.messages import ActivityEvent, Describe, Kill
from session_host.protocol.values import Activity, GridSize
from tests.support.facts import own_worktree
from tests.support.hosts import Watcher, see, shown, watching
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_agent, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setenv("SHELL", "/bin/sh")
    return Checkout.new(tmp_path / "project")


def configure_setup(command: str, checkout: Checkout) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text(f"[worktree_setup]\n\"{checkout.path}\" = '''{command}'''\n")


async def start(checkout: Checkout, *words: str, worktree: str | None = "") -> ChatFacts:
    return await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["command"],
            arguments=list(words),
            name="x",
            directory=str(checkout.path / "src"),
            environment=os.environ,
            worktree=worktree,
            size=GridSize(80, 24),
        )
    )


def activity(watcher: Watcher) -> Activity | None:
    """The latest activity that the host reported."""
    found = [event.status.activity for event in watcher.events if isinstance(event, ActivityEvent)]
    return found[-1] if found else None


async def test_the_agent_starts_in_the_worktree_after_the_setup(checkout: Checkout) -> None:
    configure_setup('pwd; echo "from $OUTLIVE_REPOSITORY"; touch made', checkout)
    record = await start(checkout, "sh", "-c", "ls ..; pwd; exec cat")
    assert record.origin.worktree is not None
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, f"{own_worktree(record).path}/src"[-20:])
        lines = shown(viewer)
        text = "".join(lines)
        assert lines[0] == "Outlive: setting up the worktree"
        assert f"from {checkout.path}" in text
        assert text.index("from /") < text.index("file  made  src"), "the agent starts after the setup"
        viewer.text("typed\r")
        await see(viewer, watcher, "typed")
        assert (await ask(record.id, Describe(0))).facts.program.child_pid == record.program.child_pid, (
            "the agent is the same process"
        )
    assert record.origin.argv == ["sh", "-c", "ls ..; pwd; exec cat"]


async def test_a_failed_setup_asks_in_the_chat_and_survives_the_host(checkout: Checkout, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    configure_setup(f"echo run >> {runs}; echo broken; exit 3", checkout)
    record = await start(checkout, "sh", "-c", "echo the agent runs; exec cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "q  End the chat")
        assert "The setup of the worktree failed (exit code 3)." in shown(viewer)
        await watcher.until(lambda: activity(watcher) is Activity.NEEDS_INPUT, "the chat to need the user")
        os.kill((await ask(record.id, Describe(0))).facts.program.host_pid, signal.SIGKILL)
        viewer.text("x")  # "x" is none of the choices.
        viewer.text("t")
        await eventually(lambda: runs.read_text().count("run") == 2, 30, "the second run")
        await watcher.until(lambda: shown(viewer).count("broken") == 2, "the second run's output")
        await watcher.until(lambda: shown(viewer)[-1].strip() == "q  End the chat", "the question")
        viewer.text("s")
        await see(viewer, watcher, "the agent runs")
        await watcher.until(lambda: activity(watcher) is not Activity.NEEDS_INPUT, "the question to be over")
    assert runs.read_text().count("run") == 2


async def test_resuming_repeats_a_failed_setup_but_not_one_that_the_user_skipped(
    checkout: Checkout, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    configure_setup(f"echo run >> {runs}; exit 3", checkout)
    request = LaunchRequest(
        agent=load_catalog(config_dir())["shell"],
        name="x",
        directory=str(checkout.path),
        environment=os.environ,
        worktree="",
        overrides={"PS1": "the shell$ "},
    )
    record = await launch(request)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "q  End the chat")
        viewer.text("q")
        await watcher.until(lambda: ended(viewer), "the chat's end")
    record = await resume(record.id, environment=os.environ)
    async with watching(record.id) as (viewer, watcher):
        await watcher.until(lambda: shown(viewer).count("  q  End the chat") == 2, "the question, below the former one")
        viewer.text("s")
        await see(viewer, watcher, "the shell$")
        await use_shell(record, viewer, watcher, 41)
    record = await resume(record.id, environment=os.environ)
    async with watching(record.id) as (viewer, watcher):
        await use_shell(record, viewer, watcher, 42)
    assert runs.read_text().count("run") == 2


async def use_shell(record: ChatFacts, viewer: Viewer, watcher: Watcher, number: int) -> None:
    """Type into a shell, wait for its output, and end the chat."""
    viewer.text(f"echo the-$(({number} + 0))th\r")
    await see(viewer, watcher, f"the-{number}th")
    await ask(record.id, Kill(request=1))
    await watcher.until(lambda: ended(viewer), "the chat's end")


async def test_ctrl_c_cancels_the_setup_and_the_chat_can_be_ended(checkout: Checkout, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    # One process instead of shell commands: after Ctrl+C, a shell may continue with the next command. The signal ends
    # it at once: Python's own handler runs after the sleep if the signal comes just before the sleep's system call.
    waits = "import time; print('WAIT' + 'ING', flush=True); time.sleep(1000)"
    waits = f"import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); {waits}"
    configure_setup(f"echo $$ > {pid}; exec {shlex.quote(sys.executable)} -S -c {shlex.quote(waits)}", checkout)
    record = await start(checkout, "cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "WAITING")
        await watcher.until(lambda: activity(watcher) is Activity.WORKING, "the setup to be shown as work")
        assert [event.status.detail for event in watcher.events if isinstance(event, ActivityEvent)][-1] == SETUP_DETAIL
        viewer.text("s")  # Typed ahead: it must not answer the next question.
        viewer.text("\x03")
        await see(viewer, watcher, "The setup of the worktree was cancelled.")
        await see(viewer, watcher, "q  End the chat")
        viewer.text("q")
        await watcher.until(lambda: viewer.line.now.end.exit_code is not None, "the chat's end")
    assert viewer.line.now.end.exit_code != 0
    await eventually(lambda: not Path("/proc", pid.read_text().strip()).exists(), 30, "the command to be gone")


async def test_a_killed_chat_leaves_no_setup_behind(checkout: Checkout, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    configure_setup(
        f"trap '' HUP TERM INT; echo $$ > {pid}; echo waiting | tr a-z A-Z; while :; do sleep 1000; done", checkout
    )
    record = await start(checkout, "cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "WAITING")
        await ask(record.id, Kill(request=1))
        await watcher.until(lambda: ended(viewer), "the chat's end")
    await eventually(lambda: not Path("/proc", pid.read_text().strip()).exists(), 30, "the command to be gone")


def ended(viewer: Viewer) -> bool:
    return viewer.line.now.end.exit_code is not None or viewer.line.now.end.exit_signal is not None


async def test_without_a_worktree_or_for_another_repository_no_setup_runs(checkout: Checkout, tmp_path: Path) -> None:
    configure_setup("touch made", checkout)
    record = await start(checkout, "sh", "-c", "echo the agent; exec cat", worktree=None)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "the agent")
        assert shown(viewer) == ["the agent"]
    other = Checkout.new(tmp_path / "other")
    (other.path / "src").mkdir(exist_ok=True)
    (config_dir() / "chats.toml").write_text("[worktree_setup]\nproject = 'true'\n")
    with pytest.raises(ConfigError, match="'project' must be an absolute path"):
        await start(other, "cat")


async def test_without_a_terminal_the_setup_is_the_first_item_and_survives_the_host(
    checkout: Checkout, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    configure_setup(f"echo first; cat {go}; exit 3", checkout)
    add_agent()
    record = await launch(
        LaunchRequest(
            agent=load_catalog(config_dir())["fake"],
            prompt="hello",
            directory=str(checkout.path),
            worktree="",
            environment=os.environ,
            overrides={"FAKE_APP_SERVER_THREADS": str(tmp_path)},
            runtime="structured",
        )
    )
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.items[:1] != [] and chat.items[0].output == "first\n", "the output")
        assert chat.state == "running"
        os.kill((await ask(record.id, Describe(0))).facts.program.host_pid, signal.SIGKILL)
        await asyncio.to_thread(go.write_text, "second\n")
        question = await chat.until_asked()
        assert chat.items[0].output == "first\nsecond\n"
        chat.answer(question, "start")
        await chat.until_idle(1)
        assert [item.kind for item in chat.items[:3]] == ["tool", "notice", "user"]
        assert (await ask(record.id, Describe(0))).facts.program.child_pid == record.program.child_pid
