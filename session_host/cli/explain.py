"""``outlive explain``: shows the evidence for a chat's state and activity."""

from __future__ import annotations

import argparse
import os
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from session_host.cli.arguments import add_session_argument
from session_host.cli.output import print_json, terminal_columns, time_of_day
from session_host.cli.session_argument import ask, find
from session_host.client.chats.ended_chat import last_transitions
from session_host.client.chats.removal import described, left_processes
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, OutliveError
from session_host.protocol.events import KEPT_CHANGES
from session_host.protocol.facts import Foreground
from session_host.protocol.launch import NEVER_S
from session_host.protocol.messages import Explain, Explanation, Transition
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import FOREGROUND, RUNNING_STATES, Activity
from session_host.standing.ages import age
from session_host.standing.endings import how_ended, last_command
from session_host.structured.shortening import cut, shown_command
from session_host.system.clock import as_text

_HEADING_COLUMNS = 14
_REMARK_COLUMNS = 80
_WITH_END = timedelta(seconds=2)
"""A change not longer than this before a chat's end belongs to the end."""


class Explained(msgspec.Struct, kw_only=True):
    """The evidence for a session's state and activity; unknown values are None."""

    info: SessionInfo
    child_pid: int | None
    child_started: int | None = None
    """Clock ticks since boot, as in proc(5)."""
    child_started_at: str | None = None
    last_word: str | None = None
    last_output: str | None = None
    last_input: str | None = None
    stale_after_s: float | None = None
    conversation: str | None
    conversation_source: str | None = None
    remark: str | None = None
    requests: list[dict[str, object]] = []
    """The agent's questions that `outlive approve` and `deny` answer."""
    evidence: list[dict[str, object]] = []
    """The last report of each source, strongest first: source, at, said, activity, counts."""
    left_behind: str | None = None
    """The processes of an ended chat that still run."""
    transitions: list[dict[str, object]] = []
    """The last changes, oldest first: time, activity, source, detail."""

    @property
    def since(self) -> str:
        """The time of the session's end; of its start, while it runs."""
        return self.info.facts.outcome.ended_at or self.info.facts.origin.created_at

    def as_json(self) -> dict[str, object]:
        """The object that ``outlive explain --json`` prints."""
        shown = self.info.as_json() | {"since": self.since}
        return {key: shown[key] if key in shown and key != "child_pid" else getattr(self, key) for key in _KEYS}


_KEYS = (
    *("id", "name", "agent", "state", "exit_code", "exit_signal", "end_request", "reason"),
    *("child_pid", "child_started", "child_started_at", "since"),
    *("activity", "activity_source", "activity_since", "activity_detail", "turn_failed"),
    *("foreground", "last_exit_code", "last_ended", "last_word", "last_output", "last_input", "stale_after_s"),
    *("conversation", "conversation_source", "remark", "requests", "evidence", "left_behind", "transitions"),
)
"""The keys of the JSON in their order; scripts rely on them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(options: argparse.Namespace) -> int:
    """Explain one session, running or ended."""
    info = find(options.session)
    explanation: Explanation | None = None
    if info.state in RUNNING_STATES:
        try:
            explanation = ask(info.id, Explain(0))
        except HostUnavailable:
            # The session has just ended.
            info = find(info.id)
    explained = explain(info, explanation)
    if explanation is not None and info.status.activity == Activity.NEEDS_INPUT:
        explained.requests = _requests(info)
    if options.json:
        print_json(explained.as_json())
    else:
        for line in lines(explained, datetime.now(UTC), terminal_columns()):
            print(line)
    return 0


def explain(info: SessionInfo, explanation: Explanation | None) -> Explained:
    """Combine the record, the ledger and, for a running session, its host's explanation."""
    program = info.facts.program
    explained = Explained(info=info, child_pid=program.child_pid, conversation=program.conversation or None)
    if explanation is None:
        changes = last_transitions(info.id, KEPT_CHANGES)
    else:
        changes = explanation.transitions
        explained.child_pid, explained.child_started = explanation.child_pid, explanation.child_started
        explained.child_started_at = _started_at(explanation.child_started)
        explained.last_word = max((report.at for report in explanation.evidence), default=None)
        explained.last_output = explanation.last_output or None
        explained.last_input = explanation.last_input or None
        explained.stale_after_s = explanation.stale_after_s
        explained.conversation = explanation.conversation or None
        explained.conversation_source = explanation.conversation_source or None
        explained.remark = explanation.remark or None
        explained.evidence = [msgspec.structs.asdict(report) for report in explanation.evidence]
    explained.transitions = [_transition(change) for change in changes]
    if info.state not in RUNNING_STATES:
        explained.left_behind = described(left_processes(info.id)) or None
    return explained


def _requests(info: SessionInfo) -> list[dict[str, object]]:
    from session_host.cli.answers import as_object, open_questions  # needed only for chats that ask

    try:
        return [as_object(request) for request in open_questions(info).requests]
    except OutliveError:
        return []  # The chat can only be answered in its terminal.


def _transition(change: Transition) -> dict[str, object]:
    return {"time": change.at, "activity": change.activity, "source": change.source, "detail": change.detail}


def _started_at(ticks: int | None) -> str | None:
    """The start time of a process, from its ticks since boot; None if the boot time is unknown."""
    try:
        status = Path("/proc/stat").read_text(encoding="ascii")
    except OSError:
        return None
    booted = next((line.split()[1] for line in status.splitlines() if line.startswith("btime ")), None)
    return as_text(int(booted) + ticks / os.sysconf("SC_CLK_TCK")) if booted and ticks else None


# ---------------------------------------------------------------------------------- text output


def lines(explained: Explained, now: datetime, columns: int | None) -> list[str]:
    """The explanation as lines, cut to the given columns."""
    info = explained.info
    is_plain = info.facts.origin.is_shell_or_command  # It need not report anything.
    rows = [("", f"{info.name}  {info.facts.origin.agent}  {info.id}")]
    if info.state in RUNNING_STATES:
        rows += _running_rows(explained, now, is_plain=is_plain)
    else:
        ended = f"{how_ended(info.facts).predicate}, {time_of_day(explained.since)} ({_ago(explained.since, now)})"
        rows.append(("state", ended))
        if explained.left_behind:
            rows.append(("left behind", f"{explained.left_behind}; `outlive kill {info.name}` ends this"))
    if explained.conversation:
        source = f" ({explained.conversation_source})" if explained.conversation_source else ""
        rows.append(("conversation", f"{explained.conversation}{source}"))
    elif not is_plain:
        rows.append(("conversation", "unknown"))
    rows += _change_rows(explained, is_plain=is_plain)
    return [
        _cut(one_line(f"{heading:<{_HEADING_COLUMNS}}{text}" if number else text), columns)
        for number, (heading, text) in enumerate(rows)
    ]


def _running_rows(explained: Explained, now: datetime, *, is_plain: bool) -> list[tuple[str, str]]:
    """The process of a running chat, its status, and the reports behind the status."""
    started = f", started {time_of_day(explained.child_started_at)}" if explained.child_started_at else ""
    rows = [
        ("state", f"{explained.info.state} since {time_of_day(explained.since)} ({age(explained.since, now)})"),
        ("", f"process {explained.child_pid}{started}"),
    ]
    if (foreground := explained.info.facts.foreground) is not None:
        rows.append(("foreground", _foreground(foreground, now)))
    if explained.info.status.source != FOREGROUND:
        rows += _activity_lines(explained, now)
    times = f"last report {_ago(explained.last_word, now)}, output {_ago(explained.last_output, now)}"
    rows.append(("", f"{times}, your input {_ago(explained.last_input, now)}"))
    for number, report in enumerate(explained.evidence):
        effect = "used" if report["counts"] else "no effect" if report["activity"] is None else "overridden"
        ago = _ago(str(report["at"]), now)
        text = f"{report['source']:<13} {ago:>10}  {effect:<10}  {report['said']}"
        rows.append(("sources" if not number else "", text))
    if not explained.evidence and not is_plain:
        rows.append(("sources", "no reports yet; only the process is known"))
    rows += [("", line) for line in textwrap.wrap(explained.remark or "", _REMARK_COLUMNS, break_on_hyphens=False)]
    expects_reports = bool(explained.evidence) or not is_plain
    if explained.stale_after_s is not None and explained.stale_after_s < NEVER_S and expects_reports:
        text = f'work without output or report for {explained.stale_after_s:g} s becomes "no signal"'
        rows.append(("silence", text))
    return rows


def _change_rows(explained: Explained, *, is_plain: bool) -> list[tuple[str, str]]:
    """The latest changes of the status, a row each."""
    rows: list[tuple[str, str]] = []
    for number, change in enumerate(explained.transitions):
        is_end = number == len(explained.transitions) - 1 and _is_end(explained, str(change["time"]))
        words = Activity(str(change["activity"])).words
        if is_plain and change["activity"] == Activity.NO_SIGNAL:
            words = "" if is_end else "running"
        source = str(change["source"]) or ("ended" if is_end else "started")
        text = f"{time_of_day(str(change['time']))}  {words:<9}  {source:<13} {change['detail']}"
        rows.append(("changes" if not number else "", text))
    return rows


def _ago(moment: str | None, now: datetime) -> str:
    return f"{age(moment, now)} ago" if moment else "never"


def _is_end(explained: Explained, moment: str) -> bool:
    """Whether the last change came with the chat's end; the end of a chat without a status changes nothing."""
    if explained.info.state in RUNNING_STATES:
        return False
    try:
        before_end = datetime.fromisoformat(explained.since) - datetime.fromisoformat(moment)
    except ValueError:
        return False
    return before_end <= _WITH_END


def _foreground(foreground: Foreground, now: datetime) -> str:
    if not foreground.program:
        ended, when = last_command(foreground.last_exit_code), foreground.last_ended
        last = f"; {ended}, {time_of_day(when)} ({age(when, now)} ago)" if ended else ""
        return f"shell at the prompt{last}"
    since = foreground.since
    return f"{foreground.program}, since {time_of_day(since)} ({age(since, now)})" if since else foreground.program


def _activity_lines(explained: Explained, now: datetime) -> list[tuple[str, str]]:
    if not explained.info.has_host:
        return [("status", "unknown: the chat does not respond")]
    status = explained.info.status
    text = status.words
    if status.since:
        text += f" since {time_of_day(status.since)} ({age(status.since, now)})"
    text += f", reported by: {status.source}" if status.source else ""
    rows = [("status", text)]
    if status.detail:
        rows.append(("", status.detail))
    for request in explained.requests:
        subject = cut(shown_command(str(request["subject"]))) or str(request["title"])
        rows.append(("", f"outlive approve or deny --request {request['request']}: {subject}"))
    return rows


def _cut(line: str, columns: int | None) -> str:
    line = line.rstrip()
    return line if columns is None or len(line) <= columns else f"{line[: columns - 1]}…"
