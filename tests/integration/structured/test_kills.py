"""Structured chats under kills: no event is lost, and no prompt or answer is sent twice."""

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
from session_host.client.sessions.hosts import upgrade
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import ViewerState
from session_host.keeper_client.discovery import connect_or_start_keeper, keeper_argv, keeper_environment, keeper_status
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.keeper import Replaced, ReplaceKeeper
from session_host.protocol.messages import Prompt
from session_host.storage.last_transcript import last_transcript
from session_host.structured.rules import IDLE_TIMEOUT
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import chat_processes, outside_session
from tests.support.commands import outlive
from tests.support.facts import known
from tests.support.hosts import described, end, is_over, kill_host, recorded
from tests.support.structured_chats import FAKE, ChatViewer, add_agent, received, start_chat, viewing
from tests.support.waiting import eventually, wait_for_end

pytestmark = pytest.mark.usefixtures("sessions")

RUN_FAKE = f"exec {shlex.join([sys.executable, '-S', str(FAKE)])}"
LINES = 300
WHOLE = "".join(f"answer line {number:04}\n" for number in range(1, LINES + 1))


async def check_complete(chat: ChatViewer, answers: int = 1) -> None:
    """Check that this viewer and a new one have all output of the agent exactly once."""
    await chat.until_idle(answers)
    assert chat.texts()[-1] == WHOLE
    async with viewing(chat.viewer.session_id) as fresh:
        # It is live with a snapshot, which is made behind the newest output; the rest comes after it.
        await fresh.watcher.until(lambda: fresh.items == chat.items, "another viewer to have the same")


async def test_a_host_killed_in_mid_delta_neither_loses_nor_repeats_events(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt=f"count: {LINES}\ndelay: 5")
    async with viewing(record.id) as chat:
        for number in (20, 60, 120, 200):
            await chat.until_said(f"line {number:04}")
            await kill_host(record.id)
        await check_complete(chat)
    assert len(received(tmp_path, "turn/start")) == 1


async def test_a_host_killed_in_a_flood_neither_loses_nor_repeats_events(tmp_path: Path) -> None:
    """Nobody reads meanwhile: the agent's pipe is full, and the agent stands still until another host reads."""
    lines = 20_000
    record = await start_chat(tmp_path, prompt=f"count: {lines}")
    async with viewing(record.id) as chat:
        for number in (2_000, 6_000, 12_000):
            await chat.until_said(f"line {number}\n")
            await kill_host(record.id)
        await chat.until_idle(1)
        assert chat.texts()[-1].splitlines() == [f"answer line {number:04}" for number in range(1, lines + 1)]


async def test_after_a_stop_queued_prompts_wait_also_when_the_host_was_killed_and_a_command_sends_them(
    tmp_path: Path,
) -> None:
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("count: 50\nhold: 3"))
        await chat.until_said("line 0003")
        chat.viewer.send(Prompt("answer: first"))
        chat.viewer.send(Prompt("answer: second"))
        await chat.watcher.until(lambda: [each.status for each in chat.items][-2:] == ["queued"] * 2, "the queue")
        stopped = await asyncio.to_thread(outlive, "send", record.id, "--interrupt")
        assert "2 queued prompts wait" in stopped.output
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        assert [each.status for each in chat.items][-2:] == ["held", "held"]
        assert len(received(tmp_path, "turn/start")) == 1
        await kill_host(record.id)
        await chat.watcher.until(lambda: chat.viewer.line.shown is ViewerState.LIVE, "the next host")
        sent = await asyncio.to_thread(outlive, "send", record.id, "--held", "send")
        assert sent.code == 0
        await chat.until_said("second")
        assert chat.texts()[-2:] == ["first", "second"]
        again = await asyncio.to_thread(outlive, "send", record.id, "--held", "discard")
        assert (again.code, "no prompt waits" in again.error) == (2, True)


async def test_a_keeper_killed_in_mid_delta_loses_nothing(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt=f"count: {LINES}\ndelay: 5")
    async with viewing(record.id) as chat:
        await chat.until_said("line 0020")
        status = keeper_status()
        assert status is not None
        os.kill(status.pid, signal.SIGKILL)
        await chat.until_said("line 0060")
        await kill_host(record.id)
        await check_complete(chat)


async def test_an_approval_is_answered_after_its_window_and_its_host_were_killed(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="run: make")
    async with viewing(record.id) as chat:
        request = await chat.until_asked()
    await kill_host(record.id)
    async with viewing(record.id) as chat:
        assert await chat.until_asked() == request
        chat.answer(request, "accept")
        await chat.until_said("accept")
        await kill_host(record.id)
        chat.viewer.send(Prompt("answer: on"))
        await chat.until_said("on")
    assert [each["result"]["decision"] for each in received(tmp_path)] == ["accept"]


async def test_a_prompt_sent_while_the_host_dies_is_answered_once(tmp_path: Path) -> None:
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        for number in range(1, 9):
            chat.viewer.send(Prompt(f"answer: number {number}"))
            os.kill(known((await described(record.id)).facts.program.host_pid), signal.SIGKILL)
            await chat.until_idle(number)
        assert chat.texts() == [f"number {number}" for number in range(1, 9)]
    assert len(received(tmp_path, "turn/start")) == 8


async def test_an_agent_killed_in_mid_turn_is_resumed_with_its_full_output(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="run: make")
    async with viewing(record.id) as chat:
        chat.answer(await chat.until_asked(), "accept")
        await chat.until_idle(1)
        chat.viewer.send(Prompt("count: 50\nhold: 7"))
        await chat.until_said("line 0007")
        assert record.program.child_pid is not None
        os.kill(record.program.child_pid, signal.SIGKILL)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        cut = chat.items[-1]
        assert (cut.status, cut.text[-5:]) == ("cut", "0007\n")
        items = chat.items
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
    transcript = last_transcript(record.id)
    assert transcript is not None
    assert list(transcript) == items
    again = await resume(record.id)
    async with viewing(again.id) as chat:
        assert chat.items[: len(items)] == items
        assert chat.viewer.replica.transcript is not None
        assert chat.viewer.replica.transcript.answers == transcript.answers != {}
        chat.viewer.send(Prompt("answer: after"))
        await chat.until_said("after")
    assert received(tmp_path, "thread/resume")[0]["params"]["threadId"] == recorded(record.id).program.conversation


LAUNCHER = ("sh", "-c", '"$@"; exit $?', "sh")
"""Runs an agent as its child, as npm's packages do."""


def processes_of(record: ChatFacts) -> list[str]:
    """The command lines of the chat's processes."""
    return [each.command for each in chat_processes(record.program.child_pid or 0, Mark.of_chat(record.id))]


async def kill_program(record: ChatFacts) -> None:
    assert record.program.child_pid is not None
    os.kill(record.program.child_pid, signal.SIGKILL)
    wait_for_end(record.program.child_pid, 10)


async def test_an_agent_ends_with_its_killed_launcher_and_the_chat_is_resumed(tmp_path: Path) -> None:
    add_agent("launched", *LAUNCHER, sys.executable, "-S", str(FAKE))
    record = await start_chat(tmp_path, agent="launched", prompt="count: 50\nhold: 7")
    async with viewing(record.id) as chat:
        await chat.until_said("line 0007")
        assert len(processes_of(record)) == 2
        await kill_program(record)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
    again = await resume(record.id)
    assert processes_of(record) == []
    async with viewing(again.id) as chat:
        chat.viewer.send(Prompt("answer: after"))
        await chat.until_said("after")


async def test_the_command_of_a_turn_ends_with_the_killed_program_that_runs_it(tmp_path: Path) -> None:
    command = load_catalog(config_dir())["command"]
    arguments = [*LAUNCHER, "sh", "-c", "echo begun; sleep 600"]
    record = await launch(
        LaunchRequest(
            agent=command, arguments=arguments, directory=str(tmp_path), environment=os.environ, runtime="structured"
        )
    )
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("go"))
        await chat.until_said("begun")
        await kill_program(record)
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
    assert processes_of(record) == []


async def test_an_agent_that_dies_with_its_host_keeps_its_full_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host reads the agent's last output and is killed before recording it, and so is the agent."""
    code, mark = tmp_path / "code", tmp_path / "die"
    code.mkdir()
    (code / "sitecustomize.py").write_text(
        "import os\n"
        "import session_host.host.driver.driver as driver\n"
        "previous = driver.Driver.program_wrote\n"
        "def program_wrote(self, data):\n"
        f"    if b'line 0004' in data and os.path.exists({str(mark)!r}):\n"
        f"        os.unlink({str(mark)!r})\n"
        "        os.kill(self.program.process.pid, 9)\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return previous(self, data)\n"
        "driver.Driver.program_wrote = program_wrote\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(code))
    record = await start_chat(tmp_path)
    monkeypatch.delenv("PYTHONPATH")
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent")
        mark.touch()
        chat.viewer.send(Prompt("count: 9\ncut: 4"))
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        assert not mark.exists()
        shown = [(each.kind, each.status, each.text) for each in chat.items if each.kind != "notice"]
    answer = "".join(f"answer line {number:04}\n" for number in range(1, 5))
    assert shown == [("user", "done", "count: 9\ncut: 4"), ("agent", "cut", answer)]
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")


def prompt_status(chat: ChatViewer) -> str:
    """The status of the first prompt; "" if there is none."""
    return next((item.status for item in chat.items if item.kind == "user"), "")


async def test_a_prompt_that_the_agent_did_not_confirm_is_not_sent_again(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="silent: 1")
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: prompt_status(chat) == "sent", "the prompt to be sent")
        await eventually(lambda: bool(received(tmp_path, "turn/start")), 10, "the prompt to arrive")
        await end(record.id)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        assert prompt_status(chat) == "unconfirmed"
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
    again = await resume(record.id)
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.state == "idle", "the agent")
        assert prompt_status(chat) == "unconfirmed"
    assert len(received(tmp_path, "turn/start")) == 1


async def test_an_upgrade_in_mid_delta_neither_loses_nor_repeats_events(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt=f"count: {LINES}\ndelay: 5")
    async with viewing(record.id) as chat:
        await chat.until_said("line 0020")
        with open_store() as store:
            [result] = upgrade(store)
        assert result.ok, result
        await check_complete(chat)
    assert len(received(tmp_path, "turn/start")) == 1


async def test_an_idle_agent_is_ended_and_the_chat_is_resumed_by_the_next_prompt(tmp_path: Path) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.005\n", encoding="utf-8")
    # Until there is a viewer, the turn goes on.
    record = await start_chat(tmp_path, prompt="answer: first\ndeltas: 3\nhold: 1")
    async with viewing(record.id) as chat:
        (tmp_path / "release").touch()
        await chat.watcher.until(lambda: chat.state == "ended", "the idle time-out")
        assert "resumes it" in chat.texts("notice")[-1]
        assert chat.viewer.replica.transcript is not None
        assert chat.viewer.replica.transcript.status.detail == IDLE_TIMEOUT
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
    again = await resume(record.id, prompt="answer: second")
    async with viewing(again.id) as chat:
        await chat.until_said("second")
        assert chat.texts() == ["first", "second"]


@pytest.mark.parametrize(
    "command", ["setsid sleep 5000", "setsid sh -c 'sleep 5000 &'"], ids=["a command", "what a command left"]
)
async def test_an_agent_with_a_command_in_the_background_is_ended_after_that(tmp_path: Path, command: str) -> None:
    """Its work was lost after a minute, and the end was called unexpected."""
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.005\n", encoding="utf-8")
    add_agent("busy", "sh", "-c", f"{command} & {RUN_FAKE}")
    record = await start_chat(tmp_path, prompt="answer: first", agent="busy")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        other = await start_chat(tmp_path, prompt="answer: later")
        await eventually(lambda: is_over(recorded(other.id)), 10, "the idle time-out of another chat")
        assert chat.state == "idle"
        await kill_host(record.id)
        [left] = outside_session(record.program.child_pid or 0, Mark.of_chat(record.id))
        assert left.command == "sleep 5000"
        os.kill(left.pid, signal.SIGKILL)
        await chat.watcher.until(lambda: chat.state == "ended", "the idle time-out")
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
    assert recorded(record.id).outcome.end_request == "idle"
    listed = await asyncio.to_thread(outlive, "ls", "--all")
    assert listed.output.count("ended when idle") == 2
    refused = await asyncio.to_thread(outlive, "send", record.id, "x")
    assert "was ended when idle" in refused.error


async def test_errors_of_an_agent_that_was_ended_on_purpose_are_not_shown(tmp_path: Path) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.02\n", encoding="utf-8")
    add_agent("noisy", "sh", "-c", f"printf '\\033[31ma warning\\033[m\\n' >&2; {RUN_FAKE}")
    release = tmp_path / "release"  # Until then the turn goes on, so that the viewer sees the end.
    record = await start_chat(tmp_path, prompt="answer: first\ndeltas: 3\nhold: 1", agent="noisy")
    async with viewing(record.id) as chat:
        release.touch()
        await chat.watcher.until(lambda: chat.viewer.line.shown == ViewerState.ENDED, "the end")
        assert "resumes it" in chat.texts("notice")[-1], chat.texts("notice")
    release.unlink()
    record = await start_chat(tmp_path, prompt="answer: first\ndeltas: 3\nhold: 1\ncut: 2", agent="noisy")
    async with viewing(record.id) as chat:
        release.touch()
        await chat.watcher.until(lambda: chat.viewer.line.shown == ViewerState.ENDED, "the end")
        assert "a warning" in chat.texts("notice"), chat.texts("notice")


async def test_a_turn_longer_than_the_idle_time_out_is_not_ended(tmp_path: Path) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("idle_timeout_min = 0.005\n", encoding="utf-8")
    # The longer part comes once there is a viewer.
    record = await start_chat(tmp_path, prompt=f"count: {LINES}\ndelay: 3\nhold: 1")
    async with viewing(record.id) as chat:
        (tmp_path / "release").touch()
        await chat.until_said(f"line {LINES:04}")
        assert chat.texts()[-1] == WHOLE


async def test_an_unreadable_saved_state_ends_the_agent_with_one_line(
    tmp_path: Path,
) -> None:
    """As after an upgrade during which the host was killed."""
    code, mark = tmp_path / "code", tmp_path / "unreadable"
    code.mkdir()
    (code / "sitecustomize.py").write_text(
        "import os\n"
        f"if os.path.exists({str(mark)!r}):\n"
        "    import session_host.structured.rules as rules\n"
        "    def fail(*_):\n"
        "        raise ValueError('another version')\n"
        "    rules.StructuredRules.begin = fail\n"
    )
    record = await start_chat(tmp_path, prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.send(Prompt("count: 50\nhold: 3"))
        await chat.until_said("line 0003")
        mark.touch()
        environment = keeper_environment()
        environment["PYTHONPATH"] = f"{code}{os.pathsep}{environment['PYTHONPATH']}"
        channel = connect_or_start_keeper()
        assert isinstance(channel.request(ReplaceKeeper(keeper_argv(), environment), 30), Replaced)
        channel.close()
        await kill_host(record.id)
        await chat.watcher.until(lambda: chat.state == "ended", "the end")
        assert chat.texts("notice")[-1].startswith("This version of Outlive cannot continue")
        assert [each.status for each in chat.items if "line 0003" in each.text] == ["cut"]
    await eventually(lambda: is_over(recorded(record.id)), 10, "the end to be recorded")
