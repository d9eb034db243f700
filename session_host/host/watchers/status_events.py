"""Finds the changes of a session's status that are events: another activity, another question."""

from __future__ import annotations

from collections.abc import Callable

from session_host.agents.status import ActivityTracker
from session_host.host.event_log import EventLog
from session_host.protocol.events import StatusChanged
from session_host.protocol.messages import Transition
from session_host.protocol.values import BACKGROUND, Activity


class StatusEvents:
    """Adds the events of one session's status."""

    def __init__(self, events: EventLog, tracker: ActivityTracker, asks: Callable[[], object]) -> None:
        """Begin after the tracker's current status.

        Args:
            events: gets the events.
            tracker: knows the status.
            asks: called behind the event of each new question, once for all its descriptions.
        """
        self._events, self._asks = events, asks
        self._last = Transition(tracker.since, tracker.activity, tracker.source, tracker.detail)
        self._last_question = (tracker.since, tracker.description_rank())

    def record(self, tracker: ActivityTracker, now: Callable[[], str]) -> None:
        """Add the event of a change to another activity or question; other details change too often.

        A better description of the same question is an event with the same ``since``.

        Args:
            tracker: the tracker after a report.
            now: returns the time as ISO 8601 text.
        """
        previous = self._last
        if tracker.activity is not previous.activity:
            self._add(tracker, now(), is_new=True)
        elif tracker.activity is Activity.NEEDS_INPUT and tracker.detail != previous.detail:
            (since, rank), rank_now = self._last_question, tracker.description_rank()
            text, text_now = previous.detail, tracker.detail
            is_same = since == tracker.since and (rank != rank_now or text in text_now or text_now in text)
            if is_same and (rank < rank_now or text_now in text):
                return  # A shorter text of the same question.
            self._add(tracker, previous.at if is_same else now(), is_new=not is_same)
        self._last_question = (tracker.since, tracker.description_rank())

    def _add(self, tracker: ActivityTracker, since: str, *, is_new: bool) -> None:
        status = tracker.status()
        event = StatusChanged(
            before=self._last.activity,
            after=tracker.activity,
            source=tracker.source,
            detail=tracker.detail,
            failed=status.failed,
            background=tracker.source == BACKGROUND,
            since=since,
        )
        self._last = Transition(since, tracker.activity, tracker.source, tracker.detail)
        self._events.add(event)
        if is_new and tracker.activity is Activity.NEEDS_INPUT:
            self._asks()
