"""A host's Explanation as table rows: reports of the sources, and changes of activity. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from gui.wording import activity_phrases, phrases
from session_host.protocol.evidence import Transition
from session_host.protocol.messages import Explanation
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Activity

translate = QCoreApplication.translate


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        cells: the texts, from left to right.
        is_heard: False for a known report that does not count.
    """

    cells: tuple[str, ...]
    is_heard: bool = True


class Explained(NamedTuple):
    """The evidence for a chat's state, as texts.

    Attributes:
        evidence: rows of source, report, meaning and age; strongest source first.
        transitions: rows of time, new activity, source and detail; newest first.
        notes: further lines.
    """

    evidence: list[Row]
    transitions: list[Row]
    notes: list[str]

    def as_text(self) -> str:
        """The whole explanation as plain text, for the clipboard."""
        parts = ["\n".join("\t".join(row.cells) for row in rows) for rows in (self.evidence, self.transitions) if rows]
        return "\n\n".join([*parts, "\n".join(self.notes)])


def explained(told: Explanation) -> Explained:
    """Put an Explanation into words."""
    now = phrases.parse_time(told.now)
    assert now is not None

    def ago(text: str) -> str:
        return phrases.ago(phrases.parse_time(text), now)

    evidence = [
        Row(
            (activity_phrases.source_words(one.source), one_line(one.said), _meaning(one.activity), ago(one.at)),
            one.counts,
        )
        for one in told.evidence
    ]
    no_signal = translate("explanation", "Work without output or report for {duration} becomes “no signal”.")
    notes = [no_signal.format(duration=phrases.duration(told.stale_after_s))]
    if when := ago(told.last_output):
        notes.append(translate("explanation", "Last output {when}").format(when=when))
    if when := ago(told.last_input):
        notes.append(translate("explanation", "Last input {when}").format(when=when))
    if told.remark:
        notes.append(told.remark)
    if told.child_pid is not None:
        notes.append(translate("explanation", "Process ID: {pid}").format(pid=told.child_pid))
    notes.append(_in_conversation(told.conversation, told.conversation_source))
    return Explained(evidence, _changes(told.transitions, has_ended=False), notes)


def explained_without_host(transitions: Sequence[Transition], conversation: str, *, has_ended: bool) -> Explained:
    """Details of a chat without a responding host: the activity changes saved on disk."""
    return Explained([], _changes(transitions, has_ended=has_ended), [_in_conversation(conversation, "")])


def _changes(transitions: Sequence[Transition], *, has_ended: bool) -> list[Row]:
    """The changes, newest first. No source reports a chat's start and end: an end can only be the newest change."""
    return [
        Row(
            (
                _clock(one.at),
                activity_phrases.activity_words(one.activity),
                activity_phrases.source_words(one.source) or _started_or_ended(is_end=has_ended and not age),
                one_line(one.detail),
            )
        )
        for age, one in enumerate(reversed(transitions))
    ]


def _started_or_ended(*, is_end: bool) -> str:
    return translate("explanation", "chat ended") if is_end else translate("explanation", "chat started")


def _in_conversation(conversation: str, source: str) -> str:
    if not conversation:
        return translate("explanation", "Conversation: unknown")
    how = f" ({activity_phrases.source_words(source)})" if source else ""
    return translate("explanation", "Conversation: {conversation}").format(conversation=f"{conversation}{how}")


def _meaning(activity: Activity | None) -> str:
    return activity_phrases.activity_words(activity) if activity is not None else translate("explanation", "no effect")


def _clock(text: str) -> str:
    """A local time of day, with the date if it is not today."""
    moment = phrases.parse_time(text)
    if moment is None:
        return ""
    is_today = moment.astimezone().date() == datetime.now(UTC).astimezone().date()
    return f"{moment.astimezone():%H:%M:%S}" if is_today else f"{moment.astimezone():%Y-%m-%d %H:%M}"
