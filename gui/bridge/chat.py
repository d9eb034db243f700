"""One session as a QObject: its facts, and the viewer that follows it while it runs. Output path, 10 of 15."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.chat_viewer import ChatViewer
from gui.bridge.facts import ChatFacts
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
    from session_host.agents.agent import Agent
    from session_host.client.viewer.viewer import Viewer, ViewerState
    from session_host.client.worktrees import Status

DETAIL_CHARACTERS = 400
"""Maximum length of an agent's question or message that is shown."""

SHOW_WAITING_AFTER_MS = 300
"""A shorter wait, as for reconnecting, is not shown."""


class Chat(ChatViewer, ChatFacts):
    """A session, running or ended, with the viewer that follows it while it runs.

    Its first page shows the replica of that viewer; each additional page has its own (``AdditionalViewer``).

    Attributes:
        agent_title: the title of its agent ("Claude Code"); the agent's name if the catalog does not have it.
        activity, activity_source, activity_since, activity_detail: the host's last report of its agent.
        foreground: the foreground program of a shell or command; "" for a shell at its prompt, None while unknown.
        foreground_since: when that program came to the foreground, ISO 8601.
        last_exit_code: the exit code of a shell's last command; None while one runs, or if unknown.
        last_ended: when that command ended, ISO 8601.
        reported_directory: the directory that its program reported (OSC 7), as a page saw it last; "" while unknown, as
            after output that no page showed.
        output_at_s: the time of its last output (CLOCK_MONOTONIC); 0 if this window has seen none.
        is_recorded: whether the store's row is up to date; False if the chat has ended, but not in the row.
        stale_after_s: an agent that works this long without output or report has "no signal".
        has_prompt: whether it was started from this window with a first prompt.
        has_worked: whether this window has seen its agent work or ask.
        has_new_output: whether it wrote output since the search index last set this to False.
        asks_by_notification: whether a notification of its program means that the chat needs the user.
        has_unseen_output, has_unseen_bell: whether it is unread, since it wrote output or the user marked it, or rang
            the bell, since it was last shown.
        unseen_notification: the last notification of its program since it was last shown, one line; "" for none.
        marks_bell: whether a bell sets ``has_unseen_bell``.
        color_label: the name of its colour, "" for none; see ``ColorLabels``.
        is_muted: whether the user muted its notifications; see ``Muting``.
        git_status: the status of the git working tree at its directory; None if there is none, or while unknown.
        notice: a problem of the chat, one line; "" for none.
        last_size_event: the terminal's size, and the kind of the viewer that set it; None while unknown.
        host_version: the version of the host's code; "" while unknown.
        revision: a number that changes with each change of a fact.

    Signals:
        changed: a fact changed that the sidebar, a tab or the tray shows.
        text_changed: emitted in place of ``changed`` if only the program's title changed, or the detail of the agent's
            activity: these may change many times a second. The list emits ``changed`` soon.
        output_written: ``has_new_output`` became true.
        bell: it rang the bell; emitted also while it is shown.
        notified: its program sent a notification that is no question; emitted also while it is shown.
    """

    changed = Signal()
    text_changed = Signal()
    output_written = Signal()
    bell = Signal()
    notified = Signal(NotificationEvent)

    def __init__(self, record: SessionRecord, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(make_viewer, parent)
        self.record = record
        self.agent_title = record.agent
        self.activity = Activity.NO_SIGNAL
        self.activity_source = ""
        self.activity_since = ""
        self.activity_detail = ""
        self.foreground: str | None = None
        self.foreground_since = ""
        self.last_exit_code: int | None = None
        self.last_ended = ""
        self.reported_directory = ""
        self.output_at_s = 0.0
        self.is_recorded = True
        self.stale_after_s = Watch().stale_after_s
        self.asks_by_notification = Watch().asks_by_notification
        self.has_prompt = False
        self.has_new_output = False
        self.has_unseen_output = False
        self.has_unseen_bell = False
        self.unseen_notification = ""
        self.marks_bell = True
        self.is_muted = False
        self.color_label = ""
        self.git_status: Status | None = None
        self.notice = ""
        self.last_size_event: SizeEvent | None = None
        self.host_version = ""
        self.has_worked = False
        self.revision = 0
        self.changed.connect(self._count_change)
        self.text_changed.connect(self._count_change)
        self._has_hosts_title = False
        """Whether the host reported the record's title, which the store gets later."""
        self._is_acquired = False
        self._additional_viewers: list[ChatViewer] = []
        self._closing_viewers: list[Viewer] = []
        self._is_reconnect_slow = False
        self._reconnect_timer = QTimer(self, singleShot=True, interval=SHOW_WAITING_AFTER_MS)
        self._reconnect_timer.timeout.connect(self._on_reconnect_slow)

    def _count_change(self) -> None:
        self.revision += 1

    def set_agent(self, agent: Agent) -> None:
        """Set its agent's title and what the agent's reports mean, from the catalog."""
        self.agent_title = agent.title
        self.stale_after_s, self.asks_by_notification = agent.signals.stale_after_s, agent.signals.asks_by_notification

    def set_muted(self, *, muted: bool) -> None:
        """Mute or unmute its notifications."""
        if self.is_muted != muted:
            self.is_muted = muted
            self.changed.emit()

    def set_color_label(self, name: str) -> None:
        """Set its colour label; "" for none."""
        if self.color_label != name:
            self.color_label = name
            self.changed.emit()

    def note_directory(self, directory: str) -> None:
        """Note the directory of its program, as a page in front knows it."""
        if directory != self.reported_directory:
            self.reported_directory = directory
            self.changed.emit()

    def set_marks_bell(self, *, enabled: bool) -> None:
        """Set whether a bell marks it; False also removes the mark."""
        self.marks_bell = enabled
        if self.has_unseen_bell and not enabled:
            self.has_unseen_bell = False
            self.changed.emit()

    # ------------------------------------------------------------ following

    @property
    def chat(self) -> Chat:
        """See ``ChatViewer``."""
        return self

    def acquire(self) -> bool:
        """Take the chat's own viewer for a page, until ``release``; returns False if another page has it."""
        was_free, self._is_acquired = not self._is_acquired, True
        return was_free

    def add_additional(self, additional: ChatViewer) -> None:
        """Add the viewer of an additional page, which must call ``remove_additional`` when its page is closed."""
        if self._colors is not None:
            additional.set_colors(self._colors)
        self._additional_viewers.append(additional)

    def release(self) -> None:
        """See ``ChatViewer``; the chat's events are still followed."""
        self.set_shown(False)
        self.free_replica()
        self._is_acquired = False

    def remove_additional(self, additional: ChatViewer) -> None:
        """Remove an additional viewer, because its page is closed."""
        self._additional_viewers.remove(additional)

    def note_closing(self, viewer: Viewer) -> None:
        """Note a closed viewer that still delivers input."""
        self._closing_viewers = [*(each for each in self._closing_viewers if not each.has_detached), viewer]

    def viewers(self) -> list[Viewer]:
        """The viewers that follow the host now, and closed ones that may still deliver input."""
        following = (each.viewer for each in (self, *self._additional_viewers))
        return [*(each for each in following if each is not None), *self._closing_viewers]

    def set_colors(self, colors: DefaultColors) -> None:
        """See ``ChatViewer``."""
        super().set_colors(colors)
        for additional in self._additional_viewers:
            additional.set_colors(colors)

    @property
    def is_unresponsive(self) -> bool:
        """Whether its host does not answer to one of the viewers."""
        return super().is_unresponsive or any(additional.is_unresponsive for additional in self._additional_viewers)

    @property
    def is_shown(self) -> bool:
        """Whether one of its pages is in front."""
        return self._shown or any(additional.is_shown for additional in self._additional_viewers)

    def mark_seen(self) -> None:
        """Clear the marks of unseen output, bells and notifications, since a page came to the front."""
        if self.has_unseen_output or self.has_unseen_bell:
            self.has_unseen_output = self.has_unseen_bell = False
            self.unseen_notification = ""
            self.changed.emit()

    def set_unread(self, *, unread: bool) -> None:
        """Mark it as unread at the user's request, also while it is shown, until it comes to the front; or as read."""
        if not unread:
            self.mark_seen()
        elif not self.has_unseen_output:
            self.has_unseen_output = True
            self.changed.emit()

    def free_replica(self) -> None:
        """Free the replica of a hidden chat; showing the chat again makes another."""
        if self.viewer is None or self._shown:
            return
        if self.has_ended:
            self.close()
        else:
            self.viewer.free_replica()

    def _free_stale_replica(self) -> None:
        """Free the replica of a chat that ended while hidden: it is older than the saved last screen."""
        if self.record.state is State.EXITED and not self._shown:
            self.close()

    def close_all(self) -> None:
        """Detach from the host and free every replica."""
        for each in (self, *self._additional_viewers):
            each.close()

    def apply_record(self, record: SessionRecord) -> None:
        """Use the store's row, but keep newer values that the host has reported."""
        mine = self.record
        was_recorded, self.is_recorded = self.is_recorded, not (self.has_ended and record.state in RUNNING_STATES)
        if self.has_ended and record.state in RUNNING_STATES:
            record.state, record.exit_code, record.exit_signal = mine.state, mine.exit_code, mine.exit_signal
            record.end_request = mine.end_request
            record.ended_at, record.error = mine.ended_at or record.ended_at, mine.error or record.error
        if mine.state is State.RUNNING and record.state is State.STARTING:
            record.state = State.RUNNING
        if self._has_hosts_title:
            record.title = mine.title
        if record != mine or self.is_recorded != was_recorded:
            self.record = record
            self.changed.emit()

    # ------------------------------------------------------------ ViewerDelegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's connection changed."""
        self.connection, self.connection_message = state, message
        self._update_reconnect_timer()
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
            # Later: the viewer that calls this must not be closed within its own callback.
            QTimer.singleShot(0, self, self._free_stale_replica)
        self.connection_changed.emit()
        self.changed.emit()

    def _update_reconnect_timer(self) -> None:
        """Start or stop the timer: "reconnecting" is shown only after a while, since a killed host is soon replaced."""
        if self.connection != "reconnecting":
            self._reconnect_timer.stop()
            self._is_reconnect_slow = False
        elif not self._is_reconnect_slow and not self._reconnect_timer.isActive():
            self._reconnect_timer.start()

    def _on_reconnect_slow(self) -> None:
        self._is_reconnect_slow = True
        self.changed.emit()

    def viewer_damaged(self) -> None:
        """Emit ``damaged``: the replica has changed."""
        self.damaged.emit()
        self.output_at_s = time.monotonic()
        if not self.has_new_output:
            self.has_new_output = True
            self.output_written.emit()

    def viewer_event(self, event: Event) -> None:
        """Apply an event of the host."""
        if not self.has_new_output and isinstance(event, OutputEvent | StateEvent):
            self.has_new_output = True
            self.output_written.emit()
        match event:
            case StateEvent(state, exit_code, exit_signal, end_request):
                self._set_state(state, exit_code, exit_signal, end_request)
            case TitleEvent(title):
                self.record.title, self._has_hosts_title = title, True
                self.text_changed.emit()
                return
            case NameEvent(name):
                self.record.name, self.record.default_name = name, ""
            case ActivityEvent():
                self._apply_activity(event)
                return
            case NoticeEvent(text=text):
                self.notice = text
            case SizeEvent():
                self.last_size_event = event
            case ForegroundEvent(program, since, exit_code, ended):
                self.foreground, self.foreground_since = program, since
                self.last_exit_code, self.last_ended = exit_code, ended
            case BellEvent():
                self.bell.emit()
                if not (self.marks_bell and self._mark_unseen(rang=True)):
                    return
            case NotificationEvent() | OutputEvent():
                if not self._mark_output(event):
                    return
            case ClipboardEvent():
                super().viewer_event(event)
                return
        self.changed.emit()

    def _apply_activity(self, event: ActivityEvent) -> None:
        previous = self.activity, self.activity_source, self.activity_since
        self.activity, self.activity_source, self.activity_since = event.activity, event.source, event.since
        self.activity_detail = one_line(event.detail).strip()[:DETAIL_CHARACTERS]
        self.has_worked |= event.activity in {Activity.WORKING, Activity.NEEDS_INPUT}
        is_same = previous == (event.activity, event.source, event.since)
        # A question's text is shown at once.
        (self.text_changed if is_same and event.activity is not Activity.NEEDS_INPUT else self.changed).emit()

    def _mark_output(self, event: NotificationEvent | OutputEvent) -> bool:
        """Mark unseen output, or a notification, which is also passed on; returns whether the marks changed."""
        text = ""
        if isinstance(event, NotificationEvent) and not self.asks_by_notification:
            text = " · ".join(filter(None, (one_line(part).strip() for part in (event.title, event.body))))
            if text:
                self.notified.emit(event)
        return self._mark_unseen(notification=text[:DETAIL_CHARACTERS])

    def _mark_unseen(self, *, rang: bool = False, notification: str = "") -> bool:
        """Mark unseen output, a bell or a notification; returns whether the marks changed."""
        if not rang:
            self.output_at_s = time.monotonic()
        if self.is_shown:
            return False
        self.reported_directory = ""
        if self.shows_first_screen and not (rang or notification):
            return False
        previous = (self.has_unseen_output, self.has_unseen_bell, self.unseen_notification)
        self.has_unseen_output, self.has_unseen_bell = True, self.has_unseen_bell or rang
        self.unseen_notification = notification or self.unseen_notification
        return previous != (self.has_unseen_output, self.has_unseen_bell, self.unseen_notification)

    def _set_state(self, state: State, exit_code: int | None, exit_signal: int | None, end_request: str = "") -> None:
        record = self.record
        record.state, record.exit_code, record.exit_signal = state, exit_code, exit_signal
        record.end_request = end_request
        if self.has_ended:
            # A lost chat's row is written by its keeper, or corrected by the next process that reads it.
            self.is_recorded = state is State.LOST
            self.notice = ""
            record.ended_at = record.ended_at or now()
