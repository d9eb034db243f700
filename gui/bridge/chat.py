"""One session as a QObject: its facts, and the viewer that follows it while it runs. Output path, 11 of 16."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.chat_viewer import ChatViewer, FurtherViewer
from gui.bridge.facts import ChatFacts
from gui.wording import page_texts
from session_host.protocol.launch import Watch
from session_host.protocol.messages import (
    ActivityEvent,
    BellEvent,
    ClipboardEvent,
    Event,
    ForegroundEvent,
    NameEvent,
    NoticeEvent,
    NotificationEvent,
    OutputEvent,
    SizeEvent,
    StateEvent,
    TitleEvent,
)
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES, Activity, State
from session_host.storage.store import SessionRecord
from session_host.system.clock import now
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from gui.bridge.chat_viewer import ViewerFactory
    from session_host.client.viewer.viewer import Viewer, ViewerState
    from session_host.client.worktrees import Status

DETAIL_CHARACTERS = 400
"""Maximum length of an agent's question or message that is shown."""

RECENT_OUTPUT_S = 3.0
"""A chat with output within this time may be working, whatever its activity."""

PATIENCE_MS = 300
"""Reconnecting that takes less than this is not shown."""


class Chat(ChatViewer, ChatFacts):
    """A session, running or ended, with the viewer that follows it while it runs.

    Its first page shows the replica of that viewer; each further page has one of its own (``FurtherViewer``).

    Attributes:
        activity, activity_source, activity_since, activity_detail: the host's last report of its agent.
        foreground: the program in a shell's or command's foreground; "" for a shell that waits, None while unknown.
        foreground_since: since when, ISO 8601.
        last_exit_code: how its last command ended, where a shell tells; None while one runs, or if that is not known.
        last_ended: when it did so, ISO 8601.
        output_at_s: the time of its last output, on CLOCK_MONOTONIC; 0 for none since this window knows it.
        is_recorded: if it has ended, whether the store has the end, too.
        stale_after_s: work without output or report for this long is "no signal".
        has_written: it wrote something since this was last set to False.
        unseen, rang: it wrote something, or rang the bell, since it was last shown.
        marks_bell: whether a bell sets ``rang``.
        is_muted: the user wants no notifications of it; see ``Muting``.
        checkout: how the git working tree at its directory is; None where there is none, or it is not known yet.
        notice: a fault of the chat itself, one line; "" for none.
        size_set: the size that a viewer gave the terminal last, and that viewer's kind; None while that is not known.
        host_version: of the code that keeps the chat, "" while that is not known.

    Signals:
        changed: any fact that the sidebar, a tab or the tray shows.
        wrote: ``has_written`` became true.
        bell: it rang the bell, also while it is shown.
    """

    changed = Signal()
    wrote = Signal()
    bell = Signal()

    def __init__(self, record: SessionRecord, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(make_viewer, parent)
        self.record = record
        self.activity = Activity.NO_SIGNAL
        self.activity_source = ""
        self.activity_since = ""
        self.activity_detail = ""
        self.foreground: str | None = None
        self.foreground_since = ""
        self.last_exit_code: int | None = None
        self.last_ended = ""
        self.output_at_s = 0.0
        self.is_recorded = True
        self.stale_after_s = Watch().stale_after_s
        self.ended_by_you = False
        self.has_written = False
        self.unseen = False
        self.rang = False
        self.marks_bell = True
        self.is_muted = False
        self.checkout: Status | None = None
        self.notice = ""
        self.size_set: SizeEvent | None = None
        self.host_version = ""
        self._is_taken = False
        self._further: list[FurtherViewer] = []
        self._is_waiting_long = False
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._wait_is_long)

    @property
    def why_ask_before_end(self) -> str:
        """The reason to ask before it is ended, as the beginning of a sentence; "" for none."""
        if self.activity is Activity.WORKING:
            return page_texts.is_working(self.name)
        if self.needs_you:
            return page_texts.needs_your_answer(self.name)
        if self.is_plain and self.foreground:
            return page_texts.is_still_running(shortened(self.foreground))
        is_recent = self.output_at_s and time.monotonic() - self.output_at_s < RECENT_OUTPUT_S
        if is_recent and self.activity is not Activity.IDLE:
            return page_texts.was_active(self.name)
        return ""

    def set_muted(self, *, muted: bool) -> None:
        """Set whether it sends no notifications."""
        if self.is_muted != muted:
            self.is_muted = muted
            self.changed.emit()

    def mark_bell(self, *, wanted: bool) -> None:
        """Set whether a bell marks it."""
        self.marks_bell = wanted
        if self.rang and not wanted:
            self.rang = False
            self.changed.emit()

    # ------------------------------------------------------------ following

    @property
    def chat(self) -> Chat:
        """See ``ChatViewer``."""
        return self

    def take(self) -> ChatViewer:
        """A viewer for a page: the chat's own one, or a further one if another page has that."""
        if not self._is_taken:
            self._is_taken = True
            return self
        further = FurtherViewer(self, self._make_viewer)
        if self._colors is not None:
            further.set_colors(self._colors)
        self._further.append(further)
        return further

    def give_up(self) -> None:
        """See ``ChatViewer``; the events are followed all the same."""
        self.set_shown(False)
        self.free_replica()
        self._is_taken = False

    def drop_further(self, further: FurtherViewer) -> None:
        """A further viewer is given up."""
        self._further.remove(further)

    def viewers(self) -> list[Viewer]:
        """The viewers that follow the host now."""
        return [each.viewer for each in (self, *self._further) if each.viewer is not None]

    def set_colors(self, colors: DefaultColors) -> None:
        """See ``ChatViewer``."""
        super().set_colors(colors)
        for further in self._further:
            further.set_colors(colors)

    @property
    def is_unresponsive(self) -> bool:
        """Whether its host does not answer to one of the viewers."""
        return super().is_unresponsive or any(further.is_unresponsive for further in self._further)

    @property
    def is_shown(self) -> bool:
        """Whether a page of it is in front."""
        return self._shown or any(further.is_shown for further in self._further)

    def note_seen(self) -> None:
        """A page of it came to the front."""
        if self.unseen or self.rang:
            self.unseen = self.rang = False
            self.changed.emit()

    def free_replica(self) -> None:
        """Free the replica of a hidden chat; showing the chat again makes another."""
        if self.viewer is None or self._shown:
            return
        if self.has_ended:
            self.close()
        else:
            self.viewer.free_replica()

    def _let_go_of_stale(self) -> None:
        """Free a replica that is older than the saved last screen, since the chat ended while hidden."""
        if self.record.state is State.EXITED and not self._shown:
            self.close()

    def close_all(self) -> None:
        """Detach from the host and free every replica."""
        for each in (self, *self._further):
            each.close()

    def apply_record(self, record: SessionRecord) -> None:
        """Take over the store's row, unless the host has reported something newer."""
        mine = self.record
        was_recorded, self.is_recorded = self.is_recorded, not (self.has_ended and record.state in RUNNING_STATES)
        if self.has_ended and record.state in RUNNING_STATES:
            record.state, record.exit_code, record.exit_signal = mine.state, mine.exit_code, mine.exit_signal
            record.end_request = mine.end_request
            record.ended_at, record.error = mine.ended_at or record.ended_at, mine.error or record.error
        if mine.state is State.RUNNING and record.state is State.STARTING:
            record.state = State.RUNNING
        record.title = mine.title or record.title
        if record != mine or self.is_recorded != was_recorded:
            self.record = record
            self.changed.emit()

    # ------------------------------------------------------------ ViewerDelegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's connection changed."""
        self.connection, self.connection_message = state, message
        self._watch_patience()
        if self.viewer is not None:
            self.host_version = self.viewer.host_version
        if state == "lost" and not self.has_ended:
            self._set_state(State.LOST, None, None)
            self.record.error = message
        elif state == "ended" and not self.has_ended and self.viewer is not None:
            self._set_state(State.EXITED, self.viewer.exit_code, self.viewer.exit_signal, self.viewer.end_request)
        elif state == "live" and self.record.state is State.STARTING:
            self.record.state = State.RUNNING
        if self.has_ended and not self._shown:
            # Not now: the viewer is in the middle of telling.
            QTimer.singleShot(0, self, self._let_go_of_stale)
        self.connection_changed.emit()
        self.changed.emit()

    def _watch_patience(self) -> None:
        """Show "reconnecting" only after a while, since a killed host is soon replaced."""
        if self.connection != "reconnecting":
            self._patience.stop()
            self._is_waiting_long = False
        elif not self._is_waiting_long and not self._patience.isActive():
            self._patience.start()

    def _wait_is_long(self) -> None:
        self._is_waiting_long = True
        self.changed.emit()

    def viewer_damaged(self) -> None:
        """Emit ``damaged``: the replica has changed."""
        self.damaged.emit()
        self.output_at_s = time.monotonic()
        if not self.has_written:
            self.has_written = True
            self.wrote.emit()

    def viewer_event(self, event: Event) -> None:
        """Apply an event of the host."""
        if not self.has_written and isinstance(event, OutputEvent | StateEvent):
            self.has_written = True
            self.wrote.emit()
        match event:
            case StateEvent(state, exit_code, exit_signal, end_request):
                self._set_state(state, exit_code, exit_signal, end_request)
            case TitleEvent(title):
                self.record.title = title
            case NameEvent(name):
                self.record.name = name
            case ActivityEvent(activity, source, since, detail):
                self.activity, self.activity_source, self.activity_since = activity, source, since
                self.activity_detail = one_line(detail).strip()[:DETAIL_CHARACTERS]
            case NoticeEvent(text=text):
                self.notice = text
            case SizeEvent():
                self.size_set = event
            case ForegroundEvent(program, since, exit_code, ended):
                self.foreground, self.foreground_since = program, since
                self.last_exit_code, self.last_ended = exit_code, ended
            case BellEvent():
                self.bell.emit()
                if not (self.marks_bell and self._note_unseen(rang=True)):
                    return
            case OutputEvent() | NotificationEvent():
                if not self._note_unseen(rang=False):
                    return
            case ClipboardEvent():
                super().viewer_event(event)
                return
        self.changed.emit()

    def _note_unseen(self, *, rang: bool) -> bool:
        """Note unseen output or a bell; returns whether that changes what is shown."""
        if not rang:
            self.output_at_s = time.monotonic()
        if self.is_shown or (self.unseen and self.rang >= rang):
            return False
        self.unseen, self.rang = True, self.rang or rang
        return True

    def _set_state(self, state: State, exit_code: int | None, exit_signal: int | None, end_request: str = "") -> None:
        record = self.record
        record.state, record.exit_code, record.exit_signal = state, exit_code, exit_signal
        record.end_request = end_request
        if self.has_ended:
            # The record, or the next process that reads it, tells what is lost.
            self.is_recorded = state is State.LOST
            self.notice = ""
            record.ended_at = record.ended_at or now()


def shortened(text: str, characters: int = 40) -> str:
    """Shorten a text to a number of characters by cutting its middle."""
    if len(text) <= characters:
        return text
    half = (characters - 1) // 2
    return f"{text[:half].rstrip()}…{text[-half:].lstrip()}"
