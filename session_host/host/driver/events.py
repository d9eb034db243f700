"""The events that viewers get: of the terminal, and those that say how things stand when a viewer attaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from session_host.protocol.messages import (
    ActivityEvent,
    BellEvent,
    ClipboardEvent,
    Event,
    NoticeEvent,
    NotificationEvent,
    TitleEvent,
)
from session_host.terminal.base import Bell, ClipboardSet, Notification, TerminalEvent, TitleChanged

if TYPE_CHECKING:
    from .session import Session


def of_terminal(event: TerminalEvent) -> Event | None:
    """What viewers are told of a terminal's event; None for nothing."""
    match event:
        case TitleChanged(title):
            return TitleEvent(title)
        case Bell():
            return BellEvent()
        case Notification(title, body):
            return NotificationEvent(title, body)
        case ClipboardSet(text):
            return ClipboardEvent(text)
        case _:
            return None


def standing(session: Session) -> Iterator[Event]:
    """How things stand, for a viewer that has just attached."""
    if session.title:
        yield TitleEvent(session.title)
    if session.recording.trouble:
        yield NoticeEvent("recording", session.recording.trouble)
    activity = session.watch.tracker
    yield ActivityEvent(activity.activity, activity.source, activity.since, activity.detail)
    if (foreground := session.watch.foreground) is not None and foreground.current.since:
        yield foreground.current
    if session.sizing.told is not None:
        yield session.sizing.told
