"""Translate each source's events into status reports. Pure; never reads the screen.

======================================  =================================
signal                                  activity
======================================  =================================
protocol idle / running                 idle / working
protocol requires_action                needs_input
state file idle / busy / waiting        idle / working / needs_input
state file shell                        idle: the turn is over, a background shell runs on
state file waiting, "dialog open"       none: the user may have opened it
a hook's or plugin's event              see the catalog
OSC 7501 state=working / blocked        working / needs_input
OSC 7501 state=idle, done, error        idle
OSC 7501 state=clear                    none: the source withdraws its status
OSC 9;4 progress shown / removed        working / idle
OSC 133;D, a command ended              idle, if it left its progress
OSC 133;C, a command began              no signal, if an earlier one showed progress
title                                   see the catalog's patterns
OSC 9, 99, 777 notification; BEL        needs_input, if the catalog says so
======================================  =================================
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Literal, NamedTuple

from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Activity
from session_host.terminal.events import (
    AgentState,
    Bell,
    CommandBegan,
    CommandEnded,
    Notification,
    Progress,
    TerminalEvent,
    TitleChanged,
)

PROTOCOL = "protocol"
STATE_FILE, PLUGIN, OSC_7501, HOOK, PROGRESS, TITLE, NOTIFICATION, BELL = (
    "state file", "plugin", "osc 7501", "hook", "osc 9;4", "title", "notification", "bell",
)  # fmt: skip

MAX_TEXT_CHARACTERS = 200
MAX_DETAIL_CHARACTERS = 400

_AGENT_STATES: Final = {
    "working": Activity.WORKING,
    "blocked": Activity.NEEDS_INPUT,
    "idle": Activity.IDLE,
    "done": Activity.IDLE,
    "error": Activity.IDLE,
    "clear": Activity.NO_SIGNAL,
}
_CHAT_STATES: Final = {
    "idle": Activity.IDLE,
    "running": Activity.WORKING,
    "requires_action": Activity.NEEDS_INPUT,
}
_FILE_STATES: Final = {
    "idle": Activity.IDLE,
    "shell": Activity.IDLE,
    "busy": Activity.WORKING,
    "waiting": Activity.NEEDS_INPUT,
}
_FILE_DETAILS: Final = {"shell": "a background shell still runs"}
"""Details of a status beside the activity. The file does not say how many shells run."""
CLEARED: Final = "state=clear"
"""OSC 7501's parameter that withdraws the program's status."""

_OWN_DIALOG: Final = "dialog open"
"""Claude Code's reason for waiting in a dialog. The user may have opened it (``/model``), which OSC 7501 reports."""


class StatusReport(NamedTuple):
    """A status report from one source.

    Attributes:
        source: the name of the source.
        text: the report in the source's own words, one line.
        activity: the reported activity; None if the report is not about the activity.
        detail: the question or the task.
        kind: the kind of question.
        is_last: the source has nothing more to report; weaker sources count again.
        turn_end: how the turn ended; "" if the report is not about that. ``detail`` is the error of a failed one.
    """

    source: str
    text: str
    activity: Activity | None
    detail: str = ""
    kind: str = ""
    is_last: bool = False
    turn_end: Literal["", "done", "failed"] = ""


def from_event(event: TerminalEvent, watch: Watch) -> StatusReport | None:
    """Translate an event of the program's output; None for an event that is no status report."""
    match event:
        case AgentState(parameters):
            return _from_agent_state(parameters)
        case Progress("none", _):
            return StatusReport(PROGRESS, "none", Activity.IDLE)
        case Progress(state, percent):
            share = "" if percent is None else f"{percent} %"
            return StatusReport(PROGRESS, " ".join(filter(None, (state, share))), Activity.WORKING, share)
        case CommandEnded():
            return StatusReport(PROGRESS, "left by a command that ended", Activity.IDLE)
        case CommandBegan():
            return StatusReport(PROGRESS, "of an earlier command", Activity.NO_SIGNAL, is_last=True)
        case TitleChanged(title):
            for pattern, activity in watch.titles.items():
                if re.search(pattern, title):
                    return StatusReport(TITLE, _clean_text(title), activity)
            return None
        case Notification(title, body):
            text = body or title
            if not watch.asks_by_notification:
                return StatusReport(NOTIFICATION, _clean_text(text), None)
            return StatusReport(NOTIFICATION, _clean_text(text), Activity.NEEDS_INPUT, _detail(text))
        case Bell():
            return StatusReport(BELL, "BEL", Activity.NEEDS_INPUT if watch.bells else None)
        case _:
            return None


def _from_agent_state(parameters: str) -> StatusReport | None:
    """Translate OSC 7501; see ``terminal.events.AgentState``."""
    pairs = dict(part.partition("=")[::2] for part in parameters.replace(";", ":").split(":"))
    state = pairs.get("state", "")
    activity = _AGENT_STATES.get(state)
    if activity is None or pairs.get("id"):
        return None  # With an id, the report is about a part of the work only.
    message = _decoded(pairs.get("msg", ""))
    text = " ".join(filter(None, (f"state={state}", pairs.get("kind", ""), message)))
    return StatusReport(
        OSC_7501, _clean_text(text), activity, _detail(message), _clean_text(pairs.get("kind", "")), state == "clear",
        "failed" if state == "error" else "",
    )  # fmt: skip


def _decoded(text: str) -> str:
    """Decode base64, "" if invalid; padding may be missing."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def from_exited_program(source: str) -> StatusReport:
    """The program that reported by OSC 7501 exited without clearing its status."""
    return StatusReport(source, "gone", Activity.NO_SIGNAL, is_last=True)


def from_report(report: Report, watch: Watch) -> StatusReport:
    """Translate a hook's or plugin's report; the activity is None for an event that the catalog lacks."""
    text = f"{report.event}: {report.detail}" if report.detail else report.event
    return StatusReport(
        report.source, _clean_text(text), watch.reports.get(report.event), _detail(report.detail),
        turn_end=watch.turn_ends.get(report.event, ""),
    )  # fmt: skip


def from_state_file(status: str, waiting_for: str) -> StatusReport:
    """Translate the status in the agent's own state file; "" if the file is gone."""
    if not status:
        return from_exited_program(STATE_FILE)
    text = f"{status}: {waiting_for}" if waiting_for else status
    activity = None if waiting_for == _OWN_DIALOG else _FILE_STATES.get(status)
    return StatusReport(
        STATE_FILE, _clean_text(text), activity, _FILE_DETAILS.get(status, ""), _clean_text(waiting_for)
    )


def from_chat_state(state: str, detail: str) -> StatusReport:
    """Translate the state of an agent without a terminal; see ``structured.items.ChatState``."""
    text = f"{state}: {detail}" if detail else state
    return StatusReport(PROTOCOL, _clean_text(text), _CHAT_STATES.get(state), _detail(detail))


def from_failed_turn(error: str) -> StatusReport:
    """Translate the error that stopped a turn of an agent without a terminal."""
    return StatusReport(PROTOCOL, _clean_text(f"turn failed: {error}"), None, _detail(error), turn_end="failed")


def _clean_text(text: str) -> str:
    return one_line(text).strip()[:MAX_TEXT_CHARACTERS]


def _detail(text: str) -> str:
    return one_line(text).strip()[:MAX_DETAIL_CHARACTERS]
