"""Agents' questions that are answered from their notification."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gui.tray.notifier import Notifier
from gui.tray.questions import offer, summary
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.paths import config_dir
from session_host.protocol.values import Activity
from session_host.structured.items import AgentRequest, OptionKind, RequestOption
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import claude_like
from tests.support.other_machine import Alpha
from tests.support.structured_chats import new_chat, wait
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WAIT_S, WindowHarness
from tests.unit.gui.tray.test_notifications import FakeNotifications
from tests.unit.gui.window.machines import chats_on

_BOTH: tuple[OptionKind, ...] = ("allow_always", "allow_once", "cancel", "reject_once")
_DENY = RequestOption("d", "No", "reject_once")


def request(subject: str, *kinds: OptionKind, complete: bool = True, directory: str = "/srv") -> AgentRequest:
    options = tuple(RequestOption(kind, kind.title(), kind) for kind in kinds or _BOTH)
    return AgentRequest("r", "command", 1, "Run it?", subject, options, directory=directory, complete=complete)


def test_a_short_command_is_offered_whole() -> None:
    offered = offer(request("npm test", directory="/srv/kim/api"), "/srv/kim")
    assert offered is not None
    assert offered.text == "npm test\n~/api"
    assert [label for _, label in offered.actions] == ["Allow_Once", "Reject_Once"]


@pytest.mark.parametrize(
    "question",
    [
        request("x" * 120),
        request("a\nb\nc"),
        request("npm test", complete=False),
        request("npm test", "allow_once"),
        request("npm test", "reject_once", "choice"),
        request(""),
        msgspec.structs.replace(request("npm test"), options=(RequestOption("a", "x" * 101, "allow_once"), _DENY)),
    ],
)
def test_a_question_that_does_not_fit_is_not_offered(question: AgentRequest) -> None:
    assert offer(question, "/home/me") is None


def test_a_command_too_long_to_be_answered_there_is_still_named() -> None:
    assert summary(request("a\nb\nc")) == "Run it?\na ⏎ b ⏎ c"
    assert summary(request("x" * 200)) == f"Run it?\n{'x' * 59} … {'x' * 58}"
    question = request("npm ci --prefer-offline && npm test")
    named = msgspec.structs.replace(question, title="Run npm ci --prefer-offline && npm…?")
    assert summary(named) == named.title, "not twice"
    assert summary(msgspec.structs.replace(question, kind="question", title="Which one?")) == "Which one?"


async def waiting_chat(
    area: Area, harness: WindowHarness, notifications: FakeNotifications, machine: Machine = THIS_MACHINE
) -> tuple[Notifier, str]:
    """Return a notifier, and the id of a chat that asks for permission to run a command, on a machine."""
    notifier = Notifier(harness.sessions, harness.catalog, list, notifications, collect_ms=0)
    there = await asyncio.to_thread(new_chat, area, "api-fix", "run: npm test")
    await asyncio.to_thread(wait, "api-fix", "needs_input")
    sessions, session_id = harness.sessions, machine.prefix + there
    if machine.name:
        sessions.machines.by_name[machine.name] = chats_on(sessions, machine)
    await sessions.machines.by_name[machine.name].refresh_now()
    harness.settle()
    sessions.follow_all()
    since = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    harness.viewers[there].be(Activity.NEEDS_INPUT, since, "Run npm test")
    harness.settle()
    await eventually(lambda: session_id in notifications.shown, WAIT_S, "the notification")
    return notifier, session_id


@pytest.mark.usefixtures("sessions")
async def test_a_command_on_another_machine_is_allowed_from_its_notification(
    area: Area, harness: WindowHarness
) -> None:
    notifications = FakeNotifications()
    notifier, session_id = await waiting_chat(area, harness, notifications, Alpha())
    title, text = notifications.shown[session_id]
    assert title == "api-fix on alpha needs you"
    assert text == "npm test\n~"
    (allow, _), (_, _) = notifications.actions
    assert [label for _, label in notifications.actions] == ["Allow", "Decline"]
    notifier.answer(session_id, allow.replace(allow[-4:], "0000"))  # A button of the question before this one.
    notifier.answer(session_id, allow)
    done = await asyncio.to_thread(outlive, "wait", "api-fix", "--text", "was accept", "--timeout", "60")
    assert done.code == 0, done.error
    assert "(in a notification)" in (await asyncio.to_thread(outlive, "peek", "api-fix")).output


@pytest.mark.usefixtures("sessions")
async def test_an_answer_that_came_too_late_is_reported(area: Area, harness: WindowHarness) -> None:
    notifications = FakeNotifications()
    notifier, session_id = await waiting_chat(area, harness, notifications)
    assert (await asyncio.to_thread(outlive, "deny", "api-fix")).code == 0
    notifier.answer(session_id, notifications.actions[0][0])
    await eventually(
        lambda: notifications.shown[session_id] == ("api-fix", "already answered by a command: Decline"),
        WAIT_S,
        "the reason",
    )


@pytest.mark.usefixtures("sessions")
async def test_a_question_in_a_terminal_is_allowed_from_its_notification(
    tmp_path: Path, harness: WindowHarness
) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "chats.toml").write_text("answer_from_outside = true\n")
    notifications = FakeNotifications()
    notifier = Notifier(harness.sessions, harness.catalog, list, notifications, collect_ms=0)
    async with claude_like(tmp_path) as chat:
        chat.order('asks {"tool_name":"Bash","tool_input":{"command":"npm test"}}')
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
        await harness.sessions.machines.here.refresh_now()
        harness.settle()
        harness.sessions.follow_all()
        since = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        harness.viewers[chat.record.id].be(Activity.NEEDS_INPUT, since, "permission prompt")
        harness.settle()
        await eventually(lambda: bool(notifications.actions), WAIT_S, "the answers")
        assert notifications.shown[chat.record.id][1].splitlines()[0] == "npm test"
        assert [label for _, label in notifications.actions] == ["Allow", "Decline"]
        notifier.answer(chat.record.id, notifications.actions[0][0])
        await chat.wait_for_text("the hook decides behavior=allow")
