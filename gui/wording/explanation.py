"""A host's Explanation as table rows: reports of the sources, and changes of activity. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from gui.wording import dates, phrases
from gui.wording.text import Text
from session_host.protocol.launch import NEVER_S
from session_host.protocol.messages import Explanation, Transition
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Activity
from session_host.standing.ages import duration
from session_host.system.clock import parse_time


class TableRow(NamedTuple):
    """One line of a table.

    Attributes:
        cells: the texts, from left to right.
        counts: False for a report that a more reliable source overrides.
    """

    cells: tuple[str, ...]
    counts: bool = True


class Explained(NamedTuple):
    """The evidence for a chat's state, as texts.

    Attributes:
        evidence: rows of source, report, meaning and age; strongest source first.
        transitions: rows of time, new activity, source and detail; newest first.
        notes: further lines.
    """

    evidence: list[TableRow]
    transitions: list[TableRow]
    notes: list[str]

    def as_text(self) -> str:
        """The whole explanation as plain text, for the clipboard."""
        parts = ["\n".join("\t".join(row.cells) for row in rows) for rows in (self.evidence, self.transitions) if rows]
        return "\n\n".join([*parts, "\n".join(self.notes)])


def explained(explanation: Explanation, *, is_plain: bool = False) -> Explained:
    """The texts of an explanation; ``is_plain``: of a shell or a command, which need not report anything."""
    now = parse_time(explanation.now) or datetime.now(UTC)

    def ago(text: str) -> str:
        return phrases.ago(parse_time(text), now)

    evidence = [
        TableRow(
            (
                one_line(phrases.source_words(report.source)),
                one_line(report.said),
                _meaning(report.activity),
                ago(report.at),
            ),
            report.counts,
        )
        for report in explanation.evidence
    ]
    notes: list[str] = []
    if 0 <= explanation.stale_after_s < NEVER_S and (evidence or not is_plain):
        text = Text("After {duration} without output or reports, “working” becomes “no signal”.")
        notes.append(text(duration=duration(explanation.stale_after_s)))
    if when := ago(explanation.last_output):
        notes.append(Text("Last output {when}")(when=when))
    if when := ago(explanation.last_input):
        notes.append(Text("Last input {when}")(when=when))
    if explanation.remark:
        notes.append(one_line(explanation.remark))
    if explanation.child_pid is not None:
        notes.append(Text("Process ID: {pid}")(pid=explanation.child_pid))
    notes += _conversation_notes(explanation.conversation, explanation.conversation_source, is_plain=is_plain)
    return Explained(evidence, _changes(explanation.transitions, has_ended=False, is_plain=is_plain), notes)


def explained_without_host(
    transitions: Sequence[Transition], conversation: str, *, has_ended: bool, is_plain: bool = False
) -> Explained:
    """Details of a chat without a responding host: the activity changes saved on disk."""
    changes = _changes(transitions, has_ended=has_ended, is_plain=is_plain)
    return Explained([], changes, _conversation_notes(conversation, "", is_plain=is_plain))


def _changes(transitions: Sequence[Transition], *, has_ended: bool, is_plain: bool) -> list[TableRow]:
    """The changes, newest first. A change without a source is the chat's start; the newest one may be its end."""
    rows = []
    for index, change in enumerate(reversed(transitions)):
        is_end = has_ended and not index
        activity = _changed(change, is_plain=is_plain, is_end=is_end)
        why = one_line(phrases.source_words(change.source)) or _started_or_ended(is_end=is_end)
        rows.append(TableRow((_clock(change.at), activity, why, one_line(change.detail))))
    return rows


def _changed(change: Transition, *, is_plain: bool, is_end: bool) -> str:
    """The activity after a change; a shell or a command without reports runs until it ends."""
    if is_plain and change.activity is Activity.NO_SIGNAL:
        return "" if is_end else Activity.RUNNING.words
    return change.activity.words


def _started_or_ended(*, is_end: bool) -> str:
    return Text("chat ended")() if is_end else Text("chat started")()


def _conversation_notes(conversation: str, source: str, *, is_plain: bool) -> list[str]:
    if not conversation:
        return [] if is_plain else [Text("Conversation: unknown")()]
    note = f" ({phrases.source_words(source)})" if source else ""
    return [Text("Conversation: {conversation}")(conversation=one_line(f"{conversation}{note}"))]


def _meaning(activity: Activity | None) -> str:
    return activity.words if activity is not None else Text("no effect")()


def _clock(text: str) -> str:
    """A local time of day, with the date if it is not today."""
    moment = parse_time(text)
    if moment is None:
        return ""
    now = datetime.now(UTC)
    is_today = moment.astimezone().date() == now.astimezone().date()
    return dates.time_of_day(moment, seconds=True) if is_today else phrases.told_time(moment, now)
