"""An agent's status comes from its own signals and survives kills; turns and questions are equal for all viewers."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import ActivityEvent, Attach, Describe, Description, Explain, Explanation, Message
from session_host.protocol.values import Activity, MouseAction, MouseButton
from tests.support import processes
from tests.support.conversing import claude_like
from tests.support.facts import known
from tests.support.hosts import description_of, end, see, start, watching
from tests.support.ledger import changes_of, turn_starts_of
from tests.support.waiting import eventually, poll_until

pytestmark = pytest.mark.usefixtures("sessions")

WORKING, NEEDS, IDLE, NO_SIGNAL = Activity.WORKING, Activity.NEEDS_INPUT, Activity.IDLE, Activity.NO_SIGNAL
ASKS = '{"tool_name":"Bash","tool_input":{"command":"npm test"}}'


async def test_claudes_activity_comes_from_its_state_file_and_its_question_from_its_hook(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file")
        chat.order("state busy")
        await chat.wait_for_status(WORKING, "state file")
        chat.order("state waiting permission prompt")
        chat.order(f"hook PermissionRequest {ASKS}")
        await chat.wait_for_status(NEEDS, "state file", "Bash: npm test")
        # Escape: no hook reports it, but the file does.
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file", "")
        explanation = await chat.explanation()
        assert [(each.source, each.said, each.counts) for each in explanation.evidence] == [
            ("state file", "idle", True),
            ("hook", "PermissionRequest: Bash: npm test", False),
        ]
        assert [(each.activity, each.source, each.detail) for each in explanation.transitions][:3] == [
            (IDLE, "state file", ""),
            (WORKING, "state file", ""),
            (NEEDS, "state file", "Bash: npm test"),
        ]
        assert explanation.transitions[-2].detail == "Bash: npm test"
        assert explanation.transitions[-1].activity is IDLE
        assert explanation.stale_after_s == 60
    transitions = changes_of(chat.record.id)
    assert transitions[:-1] == explanation.transitions
    assert (transitions[-1].activity, transitions[-1].source) == (NO_SIGNAL, "")


async def test_the_conversation_comes_from_the_state_file(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        first = (await chat.description()).facts.program.conversation
        assert first
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file")
        assert (await chat.description()).facts.program.conversation == first
        other = "5e55104e-0000-4000-8000-0000000000ff"
        chat.order(f"conversation {other}")
        chat.order("state busy")
        await chat.wait_for_status(WORKING, "state file")
        assert (await chat.description()).facts.program.conversation == other
        chat.order('hook PermissionRequest {"session_id":"another","message":"of a stranger"}')
        chat.order("state waiting permission prompt")
        await chat.wait_for_status(NEEDS, "state file", "permission prompt")


async def test_claude_in_its_list_of_conversations_has_no_conversation(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        first = (await chat.description()).facts.program.conversation
        chat.order("state")  # A file without a state, as after a start with --resume alone.
        chat.order("conversation 5e55104e-0000-4000-8000-0000000000fe")
        chat.order(f'hook Stop {{"session_id":"{first}"}}')
        await chat.wait_for_status(IDLE, "hook")
        assert (await chat.description()).facts.program.conversation == first
        chosen = "5e55104e-0000-4000-8000-0000000000ff"
        chat.order(f"conversation {chosen}")
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file")
        assert (await chat.description()).facts.program.conversation == chosen


async def test_a_directory_created_later_is_found(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b c"
    async with claude_like(tmp_path, environment={"CLAUDE_CONFIG_DIR": str(place)}) as chat:
        chat.order("say \\x1b]7501;state=blocked:kind=permission:msg=dHJ1c3QgdGhpcyBmb2xkZXI\\x07")
        await chat.wait_for_status(NEEDS, "osc 7501", "trust this folder")
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file")
        chat.order("gone")
        await chat.wait_for_status(NO_SIGNAL, "state file")
        chat.order("say \\x1b]7501;state=working\\x07")
        await chat.wait_for_status(WORKING, "osc 7501")


async def test_hooks_report_without_the_file(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order("hook SessionStart")
        await chat.wait_for_status(IDLE, "hook")
        chat.order("hook UserPromptSubmit")
        await chat.wait_for_status(WORKING, "hook")
        chat.order(f"hook PermissionRequest {ASKS}")
        await chat.wait_for_status(NEEDS, "hook", "Bash: npm test")
        async with watching(chat.record.id) as (viewer, watcher):
            viewer.key("y", "y")
            await watcher.until(lambda: len(viewer.inputs) == 0, "the answer to be taken")
        await chat.wait_for_status(NO_SIGNAL, "input")
        chat.order("hook Stop")
        await chat.wait_for_status(IDLE, "hook")


async def test_a_key_in_an_open_dialog_does_not_end_the_question(tmp_path: Path) -> None:
    """Claude Code reports neither Tab nor the text of a note in its permission dialog."""
    async with claude_like(tmp_path) as chat:
        chat.order("state busy")
        chat.order("state waiting permission prompt")
        chat.order(f"hook PermissionRequest {ASKS}")
        status = await chat.wait_for_status(NEEDS, "state file", "Bash: npm test")
        async with watching(chat.record.id) as (viewer, watcher):
            viewer.key("Tab")
            viewer.key("n", "n")
            await watcher.until(lambda: len(viewer.inputs) == 0, "the keys to be taken")
            os.kill(known(status.facts.program.host_pid), signal.SIGKILL)
            after = await chat.wait_for_status(NEEDS, "state file", "Bash: npm test")
            assert after.facts.status.since == status.facts.status.since
        chat.order("state busy")
        await chat.wait_for_status(WORKING, "state file", "")
        activities = [each.activity for each in (await chat.explanation()).transitions]
        assert NO_SIGNAL not in activities[activities.index(NEEDS) :]


@pytest.mark.parametrize("host_dies", [False, True])
async def test_a_question_ends_when_the_asking_agent_in_a_shell_is_killed(tmp_path: Path, *, host_dies: bool) -> None:
    """The shell becomes the foreground program again."""
    script = tmp_path / "agent"
    script.write_text("echo $$ > pid; printf '\\033]7501;state=blocked:kind=permission\\007it asks\\n'; exec cat\n")
    record = await start(
        "bash",
        "--norc",
        "--noprofile",
        "-i",
        directory=str(tmp_path),
        overrides={"PS1": "at rest> "},
        asks_by_notification=True,
    )

    async def described() -> Description:
        description: Description = await request(record.id, Describe(0))
        return description

    async with watching(record.id) as (viewer, watcher):

        def enter(line: str) -> None:
            viewer.paste(line)
            viewer.key("Enter")

        await see(viewer, watcher, "at rest>")
        enter("sh agent")
        await see(viewer, watcher, "it asks")
        enter("not yet")
        await see(viewer, watcher, "not yet")
        description = await described()
        assert (description.facts.status.activity, description.facts.status.source) == (NEEDS, "osc 7501")
        if host_dies:
            processes.stop(known(description.facts.program.host_pid))
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        if host_dies:
            shell = description.facts.program.child_pid
            assert shell is not None
            await eventually(lambda: processes.foreground_group(shell) == shell, 20, "the shell to have its terminal")
            os.kill(known(description.facts.program.host_pid), signal.SIGKILL)
        await see(viewer, watcher, "Killed")
        description = await poll_until(
            described, lambda each: each.facts.status.activity is NO_SIGNAL, 20, "the question's end"
        )
        assert description.facts.status.source == "osc 7501"
        enter("printf '\\033]9;look\\007told'")
        # The echo of the command shows the same words before it runs.
        description = await poll_until(
            described, lambda each: each.facts.status.activity is NEEDS, 20, "the notification"
        )
        assert description.facts.status.source == "notification"
    await end(record.id)
    assert turn_starts_of(record.id) == []


async def test_a_replacement_host_knows_the_open_question(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order("state busy")
        await chat.wait_for_status(WORKING, "state file")
        chat.order("state waiting permission prompt")
        chat.order(f"hook PermissionRequest {ASKS}")
        before = await chat.wait_for_status(NEEDS, "state file", "Bash: npm test")
        evidence = (await chat.explanation()).evidence
        for _ in range(2):
            host = (await chat.description()).facts.program.host_pid
            os.kill(known(host), signal.SIGKILL)
            after = await chat.wait_for_status(NEEDS, "state file", "Bash: npm test")
            assert after.facts.program.host_pid != host
            assert after.facts.status.since == before.facts.status.since
        explanation = await chat.explanation()
        assert [(each.source, each.said) for each in explanation.evidence] == [
            (each.source, each.said) for each in evidence
        ]
        assert [each.activity for each in explanation.transitions].count(WORKING) == 1
        chat.order("state busy")
        await chat.wait_for_status(WORKING, "state file", "")


async def test_a_hook_report_without_a_host_reaches_the_next_host(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        chat.order("hook UserPromptSubmit")
        before = await chat.wait_for_status(WORKING, "hook")
        async with watching(chat.record.id) as (viewer, watcher):
            # Stopped first and then killed, so that the report waits in the socket.
            processes.stop(known(before.facts.program.host_pid))
            chat.order(f"hook PermissionRequest {ASKS}")
            reported = tmp_path / "reported"
            chat.order(f"touch {reported}")
            await eventually(reported.exists, 20, "the hook to have ended")
            os.kill(known(before.facts.program.host_pid), signal.SIGKILL)
            await see(viewer, watcher, "did touch")
        after = await chat.wait_for_status(NEEDS, "hook", "Bash: npm test")
        assert after.facts.program.host_pid != before.facts.program.host_pid


async def test_a_silent_agent_has_no_signal_until_its_next_report(tmp_path: Path) -> None:
    catalog = "[signals]\nstale_after_s = 0.5\n"
    async with claude_like(tmp_path, catalog=catalog) as chat:
        async with watching(chat.record.id, output=False) as (_, watcher):
            chat.order("state busy")
            await watcher.until(
                lambda: any(
                    isinstance(event, ActivityEvent) and event.status.activity is WORKING for event in watcher.events
                ),
                "the work to be reported",
            )
            description = await chat.wait_for_status(NO_SIGNAL, "silence")
            assert description.facts.status.detail == "no output and no report for 0.5 s; last report: state file: busy"
            await watcher.until(
                lambda: any(
                    isinstance(event, ActivityEvent) and event.status.source == "silence" for event in watcher.events
                ),
                "the decay to be reported",
            )
        chat.order("state idle")
        await chat.wait_for_status(IDLE, "state file")


@pytest.mark.parametrize(
    ("says", "activity", "source", "detail"),
    [
        (r"\033]7501;state=working:app=codex\033\\", WORKING, "osc 7501", ""),
        (
            r"\033]9;Approval requested: ls\007\033]7501;state=blocked:kind=permission\033\\",
            NEEDS,
            "osc 7501",
            "Approval requested: ls",
        ),
        (
            r"\033]7501;state=idle\033\\\033]9;Approval requested: ls\007\033]7501;state=blocked:kind=permission\033\\",
            NEEDS,
            "osc 7501",
            "Approval requested: ls",
        ),
        (r"\033]9;4;3\007", WORKING, "osc 9;4", ""),
        (r"\033]777;notify;Agent;Run it?\007", NEEDS, "notification", "Run it?"),
        (r"\007", NO_SIGNAL, "", ""),
    ],
)
async def test_terminal_signals_set_the_activity(says: str, activity: Activity, source: str, detail: str) -> None:
    record = await start("sh", "-c", f"printf '{says}'; echo said; exec cat", asks_by_notification=True)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "said")
        described = await asyncio.to_thread(description_of, record.id)
        explanation: Explanation = await request(record.id, Explain(0))
        assert (described.facts.status.activity, described.facts.status.source) == (activity, source)
        assert described.facts.status.detail == detail
        assert explanation.last_output
    await end(record.id)


async def activity(session_id: str) -> Activity:
    description: Description = await request(session_id, Describe(0))
    return description.facts.status.activity


async def test_viewing_a_chat_that_needs_input_is_no_answer_but_typing_is() -> None:
    says = r"printf '\033]777;notify;Agent;Run it?\007asked\n'"
    record = await start("sh", "-c", f"{says}; exec cat", asks_by_notification=True)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "asked")
        assert await activity(record.id) is Activity.NEEDS_INPUT
        viewer.focus(True)
        viewer.mouse(MouseAction.MOTION, MouseButton.NONE, 3, 3, 0)
        viewer.focus(False)
        await eventually(lambda: len(viewer.inputs) == 0, 10, "the inputs to be acknowledged")
        assert await activity(record.id) is Activity.NEEDS_INPUT
        viewer.key("y", "y")
        await see(viewer, watcher, "y")
        assert await activity(record.id) is Activity.NO_SIGNAL
    await end(record.id)


async def test_a_viewer_that_wants_output_before_it_is_attached_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, a tab that was activated while its chat was being attached stayed empty."""
    record = await start("sh", "-c", "echo end of lines; exec cat")
    send, attach_sent = HostConnection.send_message, asyncio.Event()

    def send_and_tell(connection: HostConnection, message: Message) -> None:
        send(connection, message)
        if isinstance(message, Attach) and not attach_sent.is_set():
            attach_sent.set()
            viewer.follow(True)

    monkeypatch.setattr(HostConnection, "send_message", send_and_tell)
    async with watching(record.id, output=False, live=False) as (viewer, watcher):
        await asyncio.wait_for(attach_sent.wait(), 60)
        await see(viewer, watcher, "end of lines")
    await end(record.id)


AGENT = r"""
state() { printf '\033]7501;state=%s\033\\' "$1"; }
state idle; echo ready
while read -r line; do
    state working; read -r answer; seq 1 30; state idle; echo "done $line"
done
"""
"""An agent that reports its turns; after each line of input, it reads its answer from the next line."""


def turns_in(viewer: Viewer) -> list[str]:
    """The texts of the rows at which turns begin."""
    emulator = viewer.replica.emulator
    if emulator is None:
        return []
    rows = [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()]
    return [rows[prompt.row].text() for prompt in emulator.prompts() if prompt.turn]


def has_turns(viewer: Viewer, count: int) -> bool:
    return turns_in(viewer) == [f"answer {number}" for number in range(count)]


async def test_turns_are_marked_in_all_viewers_and_survive_the_host() -> None:
    record = await start("sh", "-c", AGENT)
    async with watching(record.id) as (viewer, watcher), watching(record.id, output=False, live=False) as (hidden, _):
        await see(viewer, watcher, "ready")

        async def ask(number: int) -> None:
            viewer.text(f"question {number}\r")
            await watcher.until(lambda: len(turns_in(viewer)) == number + 1, f"turn {number}")
            viewer.text(f"answer {number}\r")
            await see(viewer, watcher, f"done question {number}")
            assert has_turns(viewer, number + 1)

        await ask(0)
        description: Description = await request(record.id, Describe(0))
        os.kill(known(description.facts.program.host_pid), signal.SIGKILL)
        await ask(1)
        await ask(2)
        # A viewer that did not receive output, and a later one.
        hidden.follow(True)
        await watcher.until(partial(has_turns, hidden, 3), "the turns where no output was followed")
    async with watching(record.id) as (later, watcher):
        await watcher.until(partial(has_turns, later, 3), "the turns of a later viewer")
    await end(record.id)
