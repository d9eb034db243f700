"""Words for the state of a chat: lines in lists, tabs, the tray and questions to the user."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from gui.wording import machine_texts, page_texts, phrases, window_texts
from session_host.protocol.values import Activity
from session_host.standing import endings
from session_host.standing.endings import end_of
from session_host.standing.groups import Mark
from session_host.standing.row_line import RowLine, row_line
from session_host.standing.status import is_plain
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from gui.bridge.chat import Chat

RECENT_OUTPUT_S = 3.0
"""A chat that wrote output within this time may be working, even if no activity was reported."""


def status_text(chat: Chat) -> str:
    """The text of ``line_of``."""
    return line_of(chat).text


def line_of(chat: Chat) -> RowLine:
    """The line below its name: what only this window sees of it, else the one of all lists."""
    if not chat.has_ended:
        if chat.is_unreachable:
            return RowLine(machine_texts.unreachable(chat.machine.unreachable_since))
        if chat.looks.first.connection == "failed":  # It refuses this version, or runs on another machine.
            return RowLine(phrases.first_upper(chat.looks.first.connection_message))
        if chat.looks.is_unresponsive:
            return RowLine(page_texts.DOES_NOT_ANSWER())
    now = datetime.now(UTC)
    clock = partial(phrases.told_time, now=now)
    return row_line(chat.record, chat.seen, now, clock, chat.stale_after_s)


def limit_until(chat: Chat, now: datetime) -> str:
    """The time at which a chat’s limit is reset: "15:00" or "Sat 15:00". "" if no limit stopped it, or if unknown."""
    status = chat.record.status
    if chat.has_ended or not status.waits_for_limit or status.last is None:
        return ""
    return phrases.told_time(parse_time(status.last.resets_at), now=now)


def reason_for_bell(chat: Chat) -> str:
    """Why it is marked with a bell: an unseen notification of its program, or a bell; "" for no mark."""
    if chat.unseen.notification:
        return window_texts.NOTIFIED(text=chat.unseen.notification)
    return window_texts.BELL() if chat.unseen.bell else ""


def ended_when(chat: Chat) -> str:
    """The time of its end, "" while it runs."""
    return phrases.told_time(chat.since, datetime.now(UTC)) if chat.has_ended else ""


def last_command(chat: Chat) -> str:
    """How the last command of a shell ended; "" while a command runs, or if unknown."""
    return "" if chat.foreground else endings.last_command(chat.record.shell.last_exit_code)


def activity_and_age(chat: Chat) -> str:
    """Its activity and the age of that; "" if it has ended."""
    if chat.has_ended:
        return ""
    if chat.is_unreachable:
        return machine_texts.unreachable(chat.machine.unreachable_since)
    if chat.looks.is_unresponsive:
        return Mark.UNRESPONSIVE.value
    if chat.is_starting:
        return Mark.STARTING.value
    if is_plain(chat.record):
        return phrases.running(chat.foreground, chat.since, datetime.now(UTC), last_command(chat))
    return phrases.activity_and_age(chat.record.status, chat.since, datetime.now(UTC))


def reason_to_confirm_end(chat: Chat) -> str:
    """Why the user should confirm before it is ended, as the beginning of a sentence; "" for no reason."""
    if chat.is_unreachable:
        return ""  # It cannot be ended, and the error says so.
    if chat.record.status.activity is Activity.WORKING:
        return page_texts.IS_WORKING(name=chat.name)
    if chat.needs_you:
        return page_texts.NEEDS_YOUR_ANSWER(name=chat.name)
    if chat.record.origin.is_shell_or_command and chat.foreground:
        return page_texts.IS_STILL_RUNNING(program=phrases.shortened(chat.foreground))
    is_recent = chat.output_at_s and time.monotonic() - chat.output_at_s < RECENT_OUTPUT_S
    if is_recent and chat.record.status.activity is not Activity.IDLE:
        return page_texts.WAS_ACTIVE(name=chat.name)
    return ""


def name_and_state(chat: Chat) -> str:
    """Its name with its activity or end, as a line in a question to the user."""
    return page_texts.CHAT_AND_STATE(name=chat.full_name, state=_activity_or_end(chat))


def _activity_or_end(chat: Chat) -> str:
    if chat.has_ended:
        return end_of(chat.record.outcome).phrase
    if chat.is_unreachable:
        return machine_texts.unreachable(chat.machine.unreachable_since)
    if chat.is_starting:
        return Mark.STARTING.value
    now = datetime.now(UTC)
    if is_plain(chat.record):
        # The previous command's end does not matter for a question about stopping.
        return phrases.running(chat.foreground, chat.since, now)
    if chat.is_silent:
        return phrases.activity_and_age(chat.record.status, chat.since, now)
    status = chat.record.status
    detail = status.detail or chat.title
    return page_texts.STATE_AND_DETAIL(state=status.words, detail=detail) if detail else status.words
