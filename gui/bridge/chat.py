"""One session as a QObject: its facts, and the viewers that follow it while it runs. Output path, 10 of 15."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from gui.timers import single_shot
from gui.wording import chat_texts, machine_texts, page_texts
from gui.wording.shell_titles import is_directory_title
from session_host.errors import HostUnavailable
from session_host.protocol.facts import ChatFacts, Foreground, Outcome
from session_host.protocol.launch import Watch
from session_host.protocol.messages import (
    ActivityEvent,
    BellEvent,
    ClipboardEvent,
    Event,
    ForegroundEvent,
    InputRefused,
    NameEvent,
    NoticeEvent,
    NotificationEvent,
    OutputEvent,
    SizeEvent,
    StateEvent,
    TitleEvent,
)
from session_host.protocol.untrusted_facts import FIELD_CHARACTERS, harmless_facts
from session_host.protocol.untrusted_text import (
    MAX_NAME_CHARACTERS,
    for_clipboard,
    one_line,
    plain,
)
from session_host.protocol.values import (
    Activity,
    GridSize,
    Runtime,
    State,
)
from session_host.standing.accounts import with_account
from session_host.standing.groups import Group, Mark, Seen, group_of, in_group_since, is_starting, mark_of
from session_host.standing.hand_over import handed_words, was_handed_over
from session_host.standing.status import shown_status
from session_host.system.clock import earlier, now
from session_host.terminal.base import DefaultColors
from session_host.terminal.osc import MAX_CLIPBOARD_CHARACTERS

from .unseen import Unseen
from .workplace import Workplace

if TYPE_CHECKING:
    from session_host.agents.agent import Agent
    from session_host.client.machine import Machine
    from session_host.client.viewer.state import ViewerState
    from session_host.client.viewer.viewer import Viewer, ViewerDelegate
    from session_host.protocol.messages import Request

    ViewerFactory = Callable[[str, ViewerDelegate, GridSize, bool, Runtime, Machine], Viewer]
    """Makes a viewer from a session's id, a delegate, a size, whether to follow output, the runtime and the machine."""

DEFAULT_SIZE = GridSize(120, 40)

DETAIL_CHARACTERS = 400
"""Maximum length of an agent's question or message that is shown."""

SHOW_WAITING_AFTER_MS = 300
"""A shorter wait, as for reconnecting, is not shown."""


class Look(QObject):
    """A look at a chat: a client's viewer with its replica, for at most one page.

    It implements the client's ``ViewerDelegate``: the viewer's callbacks become signals.

    Attributes:
        chat: the chat.
        viewer: the client's viewer; None while the chat is not followed here.
        connection, connection_message: the state of the viewer's connection, and a line about it.

    Signals:
        connection_changed: ``connection`` or ``connection_message`` changed.
        damaged: the replica has changed and must be painted.
        replaced: the viewer has another replica.
        detaching: the replica is about to be freed; a view that paints it must release it now.
        refused: the host refused an input (an InputRefused).
        clipboard_offered: the program asked to set the clipboard (the text, and ``ClipboardEvent.targets``).
    """

    connection_changed = Signal()
    damaged = Signal()
    replaced = Signal()
    detaching = Signal()
    refused = Signal(object)
    clipboard_offered = Signal(str, str)

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat)
        self.chat = chat
        self.connection: ViewerState | None = None
        self.connection_message = ""
        self.viewer: Viewer | None = None
        self._shown = False
        self._follow_soon = single_shot(self)
        self._follow_soon.timeout.connect(self._follow_shown)

    @property
    def is_shown(self) -> bool:
        """Whether its page is in front."""
        return self._shown

    @property
    def is_live(self) -> bool:
        """Whether the viewer is attached."""
        return self.connection == "live"

    @property
    def is_unresponsive(self) -> bool:
        """Whether the host does not answer to the viewer."""
        return self.connection == "unresponsive"

    @property
    def is_cut_off(self) -> bool:
        """Whether the viewer's machine cannot be reached."""
        return self.connection == "unreachable"

    @property
    def asks_to_send(self) -> bool:
        """Whether what the user typed while cut off waits, since the program asks something new."""
        return self.viewer is not None and self.viewer.asks_to_send

    @property
    def kept_characters(self) -> int:
        """How many characters of the user's input the host does not have, as far as is known."""
        return self.viewer.inputs.characters() if self.viewer is not None else 0

    def send_kept(self) -> None:
        """Send what the user typed while cut off."""
        if self.viewer is not None:
            self.viewer.send_kept()

    def discard_kept(self) -> None:
        """Drop what the user typed while cut off."""
        if self.viewer is not None:
            self.viewer.discard_kept()

    # ------------------------------------------------------------ following

    def follow(self, *, output: bool) -> None:
        """Follow the host's events and, if ``output`` is true, its output. Needs a running loop."""
        if self.viewer is not None:
            self.viewer.follow(output)
            return
        if self.chat.has_ended:
            return
        record = self.chat.record
        size = record.program.known_size or DEFAULT_SIZE
        self.viewer = self.chat.looks.make_viewer(
            self.chat.session_id, self, size, output, record.origin.runtime, self.chat.machine
        )
        if self.chat.looks.colors is not None:
            self.viewer.set_colors(self.chat.looks.colors)
        self.connection, self.connection_message = self.viewer.line.shown, self.viewer.line.message
        self.viewer.start()

    def set_shown(self, shown: bool) -> None:
        """Set whether the page is in front.

        Output is requested only after the window has painted: the request keeps the host busy for some milliseconds,
        during which the X server may have to wait for a processor.
        """
        self._shown = shown
        if self.viewer is not None and shown:
            self._follow_soon.start()
        elif self.viewer is not None or shown:
            self._follow_soon.stop()
            self.follow(output=shown)
        if shown:
            self.chat.unseen.clear()

    def _follow_shown(self) -> None:
        if self._shown:
            self.follow(output=True)

    def close(self) -> None:
        """Detach and free the replica; the chat runs on."""
        viewer, self.viewer = self.viewer, None
        if viewer is not None:
            self.detaching.emit()
            viewer.close()
            if not viewer.delivery.is_over:
                self.chat.looks.note_closing(viewer)

    @property
    def holds_input(self) -> bool:
        """Whether an input was refused; all later input is then refused, too, until ``accept_refusal``."""
        return self.viewer is not None and self.viewer.inputs.is_holding

    def accept_refusal(self) -> None:
        """Accept input again, after the user has seen the refusal."""
        if self.viewer is not None:
            self.viewer.accept_refusal()

    def expect_answer(self) -> None:
        """Detect a host that does not answer, since the user sent it a request outside of this viewer."""
        if self.viewer is not None:
            self.viewer.expect_answer()

    def free_replica(self) -> None:
        """Free the replica of a page that is not in front; showing the page again makes another."""
        if self.viewer is None or self._shown:
            return
        if self._may_close:
            self.close()
        else:
            self.viewer.free_replica()

    @property
    def _may_close(self) -> bool:
        """Whether the viewer is of no more use without its replica."""
        raise NotImplementedError

    def release(self) -> None:
        """Release the look, because its page is closed."""
        raise NotImplementedError

    # ------------------------------------------------------------ ViewerDelegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's connection changed."""
        self.connection, self.connection_message = state, message
        self.connection_changed.emit()

    def viewer_damaged(self) -> None:
        """Emit ``damaged``: the replica has changed."""
        self.damaged.emit()

    def viewer_replaced(self) -> None:
        """Emit ``replaced``: the viewer has another replica."""
        self.replaced.emit()

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Emit ``refused``: the host refused an input."""
        self.refused.emit(refusal)

    def viewer_event(self, event: Event) -> None:
        """Apply an event of the host."""
        if isinstance(event, ClipboardEvent) and self._shown:
            self.clipboard_offered.emit(for_clipboard(event.text, MAX_CLIPBOARD_CHARACTERS), event.targets)


class FirstLook(Look):
    """The look that follows the chat's events from the window's start on, also without a page.

    Attributes:
        is_taken: whether a page has it; the page gives it back by ``release``.
    """

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat)
        self.is_taken = False
        self._is_reconnect_slow = False
        self._reconnect_timer = single_shot(self, SHOW_WAITING_AFTER_MS)
        self._reconnect_timer.timeout.connect(self._on_reconnect_slow)

    @property
    def is_reconnecting(self) -> bool:
        """Whether reconnecting has taken long enough to be shown."""
        return self._is_reconnect_slow and self.connection == "reconnecting"

    def release(self) -> None:
        """Give it back, because its page is closed; the chat's events are still followed."""
        self.set_shown(False)
        self.free_replica()
        self.is_taken = False

    @property
    def _may_close(self) -> bool:
        """See ``Look``; the events of a running chat are still followed."""
        return self.chat.has_ended

    def _free_stale_replica(self) -> None:
        """Free the replica of a chat that ended while hidden: it is older than the saved last screen."""
        if self.chat.record.outcome.state is State.EXITED and not self._shown:
            self.close()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's connection changed."""
        self.connection, self.connection_message = state, message
        self._update_reconnect_timer()
        self.chat.note_connection(state, message)
        if self.chat.has_ended and not self._shown:
            # Later: the viewer that calls this must not be closed within its own callback.
            QTimer.singleShot(0, self, self._free_stale_replica)
        self.connection_changed.emit()
        self.chat.changed.emit()

    def _update_reconnect_timer(self) -> None:
        """Start or stop the timer: "reconnecting" is shown only after a while, since a killed host is soon replaced."""
        if self.connection != "reconnecting":
            self._reconnect_timer.stop()
            self._is_reconnect_slow = False
        elif not self._is_reconnect_slow and not self._reconnect_timer.isActive():
            self._reconnect_timer.start()

    def _on_reconnect_slow(self) -> None:
        self._is_reconnect_slow = True
        self.chat.changed.emit()

    def viewer_damaged(self) -> None:
        """Emit ``damaged``: the replica has changed, since the program wrote."""
        super().viewer_damaged()
        self.chat.note_output(self.viewer.offset if self.viewer is not None else 0)

    def viewer_event(self, event: Event) -> None:
        """Apply an event of the host."""
        super().viewer_event(event)
        self.chat.apply_event(event)


class PageLook(Look):
    """The look of a further page of a chat, with its own attachment and replica: each page scrolls by itself.

    The chat's facts come from its first look; this one exists only as long as its page.
    """

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat)
        chat.looks.first.connection_changed.connect(self._on_first_connection)

    def _on_first_connection(self) -> None:
        """Close if the chat has ended: its first look may get the end before this one."""
        if self.chat.has_ended and not self._shown:
            self.close()
        self.connection_changed.emit()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """See ``Look``; also reports the chat as changed, since ``Looks.is_unresponsive`` may differ."""
        super().viewer_state(state, message)
        self.chat.changed.emit()

    @property
    def _may_close(self) -> bool:
        """See ``Look``; input that waits for its machine stays."""
        return not self.kept_characters

    def release(self) -> None:
        """See ``Look``; it is no more."""
        self._shown = False
        self._follow_soon.stop()
        self.chat.looks.first.disconnect(self)
        self.close()
        self.chat.looks.forget(self)
        self.deleteLater()


class Looks:
    """The looks at a chat.

    Attributes:
        first: the look that follows the chat's events.
        make_viewer: makes the client's viewer of each look.
        colors: the colours that terminals are shown in, once known.
    """

    def __init__(self, chat: Chat, make_viewer: ViewerFactory) -> None:
        self._chat = chat
        self.make_viewer = make_viewer
        self.colors: DefaultColors | None = None
        self.first = FirstLook(chat)
        self._of_pages: list[PageLook] = []
        self._closing: list[Viewer] = []

    def all(self) -> list[Look]:
        """All looks."""
        return [self.first, *self._of_pages]

    def for_page(self) -> Look:
        """The look for a new page: the first one or, if another page has that, one of its own."""
        if not self.first.is_taken:
            self.first.is_taken = True
            return self.first
        look = PageLook(self._chat)
        self._of_pages.append(look)
        return look

    def forget(self, look: PageLook) -> None:
        """Forget the look of a page that is closed."""
        self._of_pages.remove(look)

    def note_closing(self, viewer: Viewer) -> None:
        """Note a closed viewer that still delivers input."""
        self._closing = [*(each for each in self._closing if not each.delivery.is_over), viewer]
        self._chat.closing.emit(viewer)

    def viewers(self) -> list[Viewer]:
        """The viewers that follow the host now, and closed ones that may still deliver input."""
        return [*(each.viewer for each in self.all() if each.viewer is not None), *self._closing]

    def set_colors(self, colors: DefaultColors) -> None:
        """Set the colours that terminals are shown in."""
        self.colors = colors
        for look in self.all():
            if look.viewer is not None:
                look.viewer.set_colors(colors)

    @property
    def is_unresponsive(self) -> bool:
        """Whether the chat's host does not answer to one of the viewers."""
        return any(look.is_unresponsive for look in self.all())

    @property
    def is_shown(self) -> bool:
        """Whether one of the chat's pages is in front."""
        return any(look.is_shown for look in self.all())

    def close(self) -> None:
        """Detach from the host and free every replica."""
        for look in self.all():
            look.close()


class Chat(QObject):
    """A session, running or ended, with the looks at it.

    Attributes:
        record: its facts, in which all ids are those of the window; see ``Machine.received``.
        machine, session_id: the machine that it is on, and its id there.
        looks: the looks at it.
        workplace: where it works.
        name_of: returns the name of another chat of its machine, by its id; "" if there is none.
        agent_title: the title of its agent ("Claude Code"); the agent's name if the catalog does not have it.
        output_offset: how many bytes it has written, as far as this window knows; 0 for unknown.
        output_at_s: the time of its last output (CLOCK_MONOTONIC); 0 if this window has seen none.
        is_recorded: whether the store's row is up to date; False if the chat has ended, but not in the row.
        stale_after_s: an agent that works this long without output or report has "no signal".
        has_prompt: whether it was started from this window with a first prompt.
        has_worked: whether this window has seen its agent work or ask.
        has_new_output: whether it wrote output since the search index last set this to False.
        asks_by_notification: whether a notification of its program means that the chat needs the user.
        unseen: what it did since it was last shown.
        color_label: the name of its colour, "" for none; see ``ColorLabels``.
        is_muted: whether the user muted its notifications; see ``Muting``.
        notice: a problem of the chat, one line; "" for none.
        last_size_event: the terminal's size, and the kind of the viewer that set it; None while unknown.
        host_version: the version of the host's code; "" while unknown.

    Signals:
        changed: a fact changed that the sidebar, a tab or the tray shows.
        text_changed: emitted in place of ``changed`` if only the program's title changed, or the detail of the agent's
            activity: these may change many times a second. The list emits ``changed`` soon.
        output_written: ``has_new_output`` became true.
        closing: a viewer was closed, and may still deliver input (the Viewer).
        bell: it rang the bell; emitted also while it is shown.
        notified: its program sent a notification that is no question; emitted also while it is shown.
    """

    changed = Signal()
    text_changed = Signal()
    output_written = Signal()
    closing = Signal(object)
    bell = Signal()
    notified = Signal(NotificationEvent)

    def __init__(
        self, record: ChatFacts, make_viewer: ViewerFactory, machine: Machine, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.record = record
        self.machine = machine
        self.session_id = id_there(record.id)
        self.agent_title = record.origin.agent
        self.name_of: Callable[[str], str] = lambda _id: ""
        self.output_offset = 0
        self.output_at_s = 0.0
        self.is_recorded = True
        self.stale_after_s = Watch().stale_after_s
        self.asks_by_notification = Watch().asks_by_notification
        self.has_prompt = False
        self.has_new_output = False
        self.unseen = Unseen(self.changed.emit)
        self.is_muted = False
        self.color_label = ""
        self.notice = ""
        self.last_size_event: SizeEvent | None = None
        self.host_version = ""
        self.has_worked = False
        self._has_hosts_title = False
        """Whether the host reported the record's title, which the store gets later."""
        self.looks = Looks(self, make_viewer)
        self.workplace = Workplace(lambda: self.record, machine, self.changed.emit)

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

    # ------------------------------------------------------------ facts

    @property
    def id(self) -> str:
        """The id by which the window knows it."""
        return self.record.id

    @property
    def name(self) -> str:
        """The chat's name in the window; ``record.name`` identifies it elsewhere, as on the command line."""
        return self.record.entry.shown_name

    @property
    def full_name(self) -> str:
        """Its name with its machine, unless that is this one: "api-fix on build1"."""
        return machine_texts.on_machine(self.name, self.machine.name)

    @property
    def command_line_name(self) -> str:
        """The name by which commands know it, with its machine: what the window shows may be a shell's last command."""
        return machine_texts.on_machine(self.record.entry.name, self.machine.name)

    @property
    def foreground(self) -> str | None:
        """The foreground program of a shell or command; "" for a shell at its prompt, None while unknown."""
        return self.record.foreground.program if self.record.foreground is not None else None

    @property
    def state(self) -> State:
        """The state of its process."""
        return self.record.outcome.state

    @property
    def has_ended(self) -> bool:
        """Whether its process has exited or was lost."""
        return self.record.outcome.is_over

    @property
    def is_asleep(self) -> bool:
        """Whether it was put to sleep, and nothing has woken it since: its process has ended, its place stays."""
        return self.record.is_asleep

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and is not asleep."""
        return self.has_ended and not self.is_asleep

    @property
    def is_continued(self) -> bool:
        """Whether another chat continues its conversation and replaces it in lists."""
        return self.record.entry.continued_by is not None and self.has_ended

    @property
    def is_unreachable(self) -> bool:
        """Whether it ran when its machine was reached last, and that cannot be reached now."""
        return not self.machine.is_reachable and not self.has_ended

    @property
    def seen(self) -> Seen:
        """The facts that this window alone knows."""
        return Seen(
            self.has_prompt,
            not self.machine.is_reachable,
            self.looks.is_unresponsive,
            self.looks.first.is_reconnecting,
            self.name_of(self.record.entry.handed_to) if self.record.entry.handed_to else "",
        )

    @property
    def group(self) -> Group:
        """Its group in the sidebar."""
        return group_of(self.record, self.seen, datetime.now(UTC))

    @property
    def mark(self) -> Mark:
        """The shape that shows its state."""
        return mark_of(self.record, self.seen, datetime.now(UTC))

    @property
    def since(self) -> datetime | None:
        """The time at which the chat entered its group; of the last report, if its agent has stopped reporting."""
        if self.is_unreachable:
            return self.machine.unreachable_since
        return in_group_since(self.record, self.stale_after_s)

    @property
    def is_starting(self) -> bool:
        """Whether the agent started a moment ago and has not reported anything yet."""
        return is_starting(self.record, self.seen, datetime.now(UTC))

    @property
    def is_silent(self) -> bool:
        """Whether the agent was working and then stopped reporting."""
        return not self.has_ended and not self.is_unreachable and shown_status(self.record).is_silent

    @property
    def shows_first_screen(self) -> bool:
        """Whether its agent has not worked yet, as far as this window knows: there is nothing new to read."""
        has_begun = self.has_worked or self.has_ended or self.record.origin.is_shell_or_command
        return not has_begun and (self.is_starting or self.record.status.activity is Activity.IDLE)

    @property
    def needs_you(self) -> bool:
        """Whether the agent waits for the user."""
        return self.group is Group.NEEDS_YOU

    @property
    def title(self) -> str:
        """The program's terminal title; "" if it only repeats the name of the chat, its directory or its agent."""
        record = self.record
        title = _SPINNER.sub("", record.program.title)
        if title in {record.entry.name, self.workplace.directory_name(record.origin.cwd), self.agent_title}:
            return ""
        if not record.entry.is_named and record.entry.topic and record.entry.topic.rstrip("…") in title:
            return ""
        if not title or not record.origin.is_shell_or_command:
            return title
        return "" if is_directory_title(title, self.workplace.current_directory, self.machine) else title

    @property
    def agent_and_account(self) -> str:
        """The title of its agent, with its account unless that is the default one."""
        return with_account(self.agent_title, self.record.origin.account)

    @property
    def taker_words(self) -> str:
        """Who took over its task, in words; "" if nobody did, or if this chat has begun another turn since."""
        return handed_words(self.seen.handed_to) if was_handed_over(self.record) else ""

    @property
    def handed_words(self) -> str:
        """Who took over this chat's task; else from whom this chat took its task. In words; "" without a hand over."""
        origin = self.name_of(self.record.origin.handed_from) if self.record.origin.handed_from else ""
        return self.taker_words or (chat_texts.TAKEN_FROM(name=origin) if origin else "")

    @property
    def command(self) -> str:
        """The command as the user gave it, without the arguments that the catalog adds."""
        record = self.record
        return shlex.join(
            record.origin.argv
            if record.origin.arguments == record.origin.argv
            else [record.origin.agent, *record.origin.arguments]
        )

    def apply_record(self, record: ChatFacts) -> None:
        """Use the store's row, but keep newer values that the host has reported."""
        mine = self.record
        was_recorded, self.is_recorded = (
            self.is_recorded,
            not self.has_ended or record.outcome.is_over,
        )
        outcome, program = record.outcome, record.program
        is_wrong = outcome.state is State.LOST and self.looks.first.connection == "live"
        if (self.has_ended and not outcome.is_over) or (mine.outcome.state, outcome.state) == _STARTED or is_wrong:
            outcome = mine.outcome
        if self._has_hosts_title:
            program = replace(program, title=mine.program.title)
        record = ChatFacts(record.origin, record.entry, outcome, program, mine.status, mine.foreground)
        if record != mine or self.is_recorded != was_recorded:
            self.record = record
            self.changed.emit()

    async def ask(self, request: Request) -> Any:
        """Send a request to the host; returns the reply.

        Raises:
            HostUnavailable: the host does not answer, or is gone; the message says what to do in the window.
            OutliveError: the host refused the request.
        """
        # The window's start does not need these.
        from session_host.client import control
        from session_host.client.connection import HostNotResponding

        self.looks.first.expect_answer()
        try:
            return await control.request(self.session_id, request, self.machine)
        except HostNotResponding as error:
            raise HostUnavailable(page_texts.WAIT_OR_KILL(name=self.name)) from error

    # ------------------------------------------------------------ what the first look hears

    def note_connection(self, state: ViewerState, message: str) -> None:
        """The connection of the first look changed, which may tell the start or the end of the program."""
        viewer = self.looks.first.viewer
        if viewer is not None:
            self.host_version = viewer.line.host_version
        if state == "lost" and not self.has_ended:
            self._set_outcome(Outcome(State.LOST, error=message))
        elif state == "ended" and not self.has_ended and viewer is not None:
            self._set_outcome(viewer.line.now.end)
        elif state == "live" and self.record.outcome.state is State.STARTING:
            self._set_outcome(Outcome(State.RUNNING))

    def note_output(self, offset: int) -> None:
        """Its program wrote output, up to this offset."""
        self.output_offset = max(self.output_offset, offset)
        self.output_at_s = time.monotonic()
        if not self.has_new_output:
            self.has_new_output = True
            self.output_written.emit()

    def apply_event(self, event: Event) -> None:
        """Apply an event of the host."""
        if not self.has_new_output and isinstance(event, OutputEvent | StateEvent):
            self.has_new_output = True
            self.output_written.emit()
        match event:
            case StateEvent(outcome):
                self._set_outcome(outcome)
            case TitleEvent(title):
                program = replace(self.record.program, title=plain(title, FIELD_CHARACTERS))
                self.record, self._has_hosts_title = replace(self.record, program=program), True
                self.text_changed.emit()
                return
            case NameEvent(name):
                self.set_name(plain(name, MAX_NAME_CHARACTERS))
            case ActivityEvent():
                self._apply_activity(event)
                return
            case NoticeEvent(text=text):
                self.notice = plain(text, DETAIL_CHARACTERS)
            case SizeEvent():
                self.last_size_event = event
            case ForegroundEvent(foreground):
                foreground = Foreground(
                    foreground.program and plain(foreground.program, DETAIL_CHARACTERS),
                    self._time(foreground.since),
                    foreground.last_exit_code,
                    self._time(foreground.last_ended),
                )
                self.record = replace(self.record, foreground=foreground)
            case BellEvent():
                self.bell.emit()
                if not (self.unseen.marks_bell and self._mark_unseen(rang=True)):
                    return
            case NotificationEvent() | OutputEvent():
                if isinstance(event, OutputEvent):
                    self.output_offset = max(self.output_offset, event.offset)
                if not self._mark_output(event):
                    return
            case _:
                return
        self.changed.emit()

    def _apply_activity(self, event: ActivityEvent) -> None:
        previous, said = self.record.status, event.status
        status = replace(said, since=self._time(said.since), detail=one_line(said.detail).strip()[:DETAIL_CHARACTERS])
        self.record = replace(self.record, status=status)
        self.has_worked |= status.activity in {Activity.WORKING, Activity.NEEDS_INPUT}
        is_same = replace(previous, detail="") == replace(status, detail="")
        # A question's text is shown at once.
        (self.text_changed if is_same and status.activity is not Activity.NEEDS_INPUT else self.changed).emit()

    def _time(self, text: str) -> str:
        """A time of the chat's machine by the clock here."""
        return earlier(text, self.machine.clock_ahead)

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
        if self.looks.is_shown:
            return False
        self.workplace.reported_directory = ""
        if self.shows_first_screen and not (rang or notification):
            return False
        return self.unseen.note(rang=rang, notification=notification)

    def mark_notified(self, text: str) -> None:
        """Mark the chat with a line for the user until its page comes to the front."""
        if not self.looks.is_shown and self.unseen.note(notification=text[:DETAIL_CHARACTERS]):
            self.changed.emit()

    def set_name(self, name: str) -> None:
        """Set the name that the user chose."""
        self.record = replace(self.record, entry=replace(self.record.entry, name=name, default_name=""))

    def _set_outcome(self, outcome: Outcome) -> None:
        mine, outcome = self.record.outcome, harmless_facts(outcome)
        if outcome.is_over:
            # A lost chat's row is written by its keeper, or corrected by the next process that reads it.
            self.is_recorded = outcome.state is State.LOST
            self.notice = ""
            outcome = replace(outcome, error=outcome.error or mine.error, ended_at=mine.ended_at or now())
        self.record = replace(self.record, outcome=outcome)


_STARTED = State.RUNNING, State.STARTING
"""The states that the host and the row have, before the row has the start."""


def machine_of(session_id: str) -> str:
    """The name of the machine of a chat with this id in the window; "" for this one."""
    name, slash, _ = session_id.partition("/")
    return name if slash else ""


def id_there(session_id: str) -> str:
    """The id on its machine of a chat with this id in the window."""
    return session_id.partition("/")[2] or session_id


_SPINNER = re.compile("^[\u2800-\u28ff✢✳✶✻✽]\\s+")
"""The spinner before a working agent's title (Codex, Claude Code), and the star that Claude Code shows while idle."""
