"""The rules of one session, whatever its program is: its state, its viewers and clients, its output, its end.

Output path, 5 of 15.

States of the program::

    starting ──the program runs──▶ running
    starting ──the program ended──▶ exited
    running ──the program ended──▶ exited

A session without a program is dropped while "starting", if the program cannot be started: the launch is refused.

The host never waits for a viewer: each one gets the output at its own speed (see ``subscription``).

State that must survive the host is recorded before it takes effect. A session starts with the state that a previous
host left; the first host starts with empty state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from session_host.protocol.codec import encode
from session_host.protocol.facts import Outcome
from session_host.protocol.launch import REPORT_ID, LaunchSpec
from session_host.protocol.messages import (
    OUTPUT_CHUNK_BYTES,
    ClearTerminal,
    Colors,
    Continue,
    Event,
    Input,
    NameEvent,
    Output,
    Resized,
    Send,
    SendChatInput,
    StateEvent,
    TitleEvent,
)
from session_host.protocol.values import State
from session_host.storage.descriptors.log_entries import EntryKind, PendingInput
from session_host.storage.descriptors.log_state import LogState
from session_host.structured.items import AgentRequest
from session_host.terminal.base import Emulator

from .attachments import Attachment
from .effects import (
    AppendEntry,
    Effect,
    NoteTitle,
)
from .end_requests import EndRequests
from .output_ring import OutputRing
from .subscription import Subscribers
from .viewers import Clients, Viewers

_MAX_TITLE_CHARACTERS = 1024
"""The agent of a structured chat may give a title of any length, which must fit a frame."""


class SessionKind(Protocol):
    """What is special to a session in a terminal (``terminal_session``), or to a structured one."""

    def receive_input(self, attachment: Attachment, message: Input, emulator: Emulator | None) -> None:
        """Accept one input of a viewer exactly once and in order, or refuse it with a message."""

    def asks(self) -> bool:
        """See ``rights.Asking``."""

    def requests(self) -> Mapping[str, AgentRequest]:
        """See ``rights.Asking``."""

    def why_no_own(self, request: Send | SendChatInput) -> str:
        """Why the chat's own agent may not make a request of ``Right.CONTROL``, one line; "" if it may."""


class Terminal(Protocol):
    """What a session has whose program runs in a terminal."""

    def change_terminal(self, message: Colors | ClearTerminal | Continue) -> None:
        """Carry out a viewer's request about the terminal."""

    def program_ended(self) -> None:
        """The program has ended, and its last output is handled."""


class Session:
    """One session: what both kinds have.

    Attributes:
        outcome: the program's state, and how it ended.
        end: the event that clients get at the program's end, None before.
        effects: effects to carry out, in order; all rules of the session share this list; see the package.
        session_id: names the session.
        report_id: the value of ``launch.REPORT_ID`` that reports must have.
        name: the user's name for it; ``title`` is the title that the program sets.
        ring: the output that can be sent again.
        clients: the attached clients, which get events; ``subscribers``: those of them that get output as it comes.
        pending: recorded input that is not written to the program yet.
        viewers: the attachments, and their effect on grid size (``sizing``) and focus.
        end_requests: commands' requests to end the program.
        kind: what is special to a session in a terminal, or to a structured one; its maker sets it.
        terminal: what only the first of these has; None for a structured session.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        log_state: LogState,
        ring: OutputRing,
        pending: PendingInput,
        *,
        title: str,
        new_id: Callable[[], str],
        watcher_events: Callable[[], Iterable[Event]] = tuple,
    ) -> None:
        """Start with the state that a previous host left.

        Args:
            spec: the launch spec.
            log_state: the state that a previous host left.
            ring: the output so far.
            pending: see the attribute.
            title: the emulator's title.
            new_id: makes an attachment's id: 32 hexadecimal digits.
            watcher_events: returns the watchers' current events, for a viewer that has just attached.
        """
        self.effects: list[Effect] = []
        self.session_id = spec.facts.id
        self.report_id = spec.env.get(REPORT_ID, "")
        self.outcome = Outcome()
        self.end: StateEvent | None = None
        self.name = log_state.name or spec.facts.entry.name
        self.title = title[:_MAX_TITLE_CHARACTERS]
        self.ring, self.pending = ring, pending
        self.clients, self.subscribers = Clients(), Subscribers()
        self.viewers = Viewers(self.effects, log_state, spec.facts.program.size, new_id)
        self.sizing = self.viewers.sizing
        self.end_requests = EndRequests(self.effects, spec.watch, ends_all=spec.ends_all)
        self.kind: SessionKind
        self.terminal: Terminal | None = None
        self._watcher_events = watcher_events

    @property
    def state(self) -> State:
        """The program's state."""
        return self.outcome.state

    # ------------------------------------------------------------ facts for clients

    def current_state_events(self) -> Iterator[Event]:
        """Yield the current state as events, for a viewer that has just attached."""
        if self.title:
            yield TitleEvent(self.title)
        yield from self._watcher_events()
        if self.sizing.last_event is not None:
            yield self.sizing.last_event

    def rename(self, name: str) -> None:
        """Change the session's name."""
        self.effects.append(AppendEntry(EntryKind.NAME, name.encode()))
        self.name = name
        self.clients.broadcast(NameEvent(name))

    def set_title(self, title: str) -> None:
        """Set the title that the program, or the agent of a structured chat, has given."""
        self.title = title[:_MAX_TITLE_CHARACTERS]
        self.clients.broadcast(TitleEvent(self.title))
        self.effects.append(NoteTitle())

    # ------------------------------------------------------------ the program

    def program_runs(self) -> None:
        """Accept sizes, since the program runs; call ``program_started`` next."""
        self.outcome = Outcome(State.RUNNING)
        self.sizing.program_runs()

    def program_started(self) -> None:
        """Send viewers Attached, since the program has its size."""
        self.clients.program_started()
        self.viewers.focus.viewers_changed()

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str = "") -> None:
        """Record the program's end, after its last output; call ``broadcast_end`` next.

        Args:
            exit_code: its exit code, if it exited.
            exit_signal: the signal that ended it, if one did.
            end_request: the user's request that ended it, "" for none.
        """
        self.outcome = Outcome(State.EXITED, exit_code, exit_signal, end_request)
        if self.terminal is not None:
            self.terminal.program_ended()
        self.end = StateEvent(self.outcome)
        self.viewers.program_ended()

    def broadcast_end(self) -> None:
        """Send the end of the program to all clients; all earlier events were sent before."""
        if self.end is not None:
            self.clients.broadcast(self.end)

    # ------------------------------------------------------------ output

    def frame_for_viewers(self, data: bytes, end: int, *, is_news: bool = True) -> bytes:
        """Handle output up to this offset; returns the frame for ``subscribers.current``, b"" if there is none.

        Output that is too long for a frame (a record of the transcript log, with pictures) is sent to each of them in
        pieces; a viewer's transcript shows a record once it has all of it. Without ``is_news``, those who only listen
        for output are not told.
        """
        subscribers = self.subscribers
        self.ring.end = end
        if is_news:
            subscribers.news_end = end
            for listener in subscribers.listeners:
                listener.output(end)
        if len(data) > OUTPUT_CHUNK_BYTES:
            for client in subscribers.current:
                client.subscription.long_output(end - len(data))
            return b""
        return encode(Output(end - len(data), data)) if subscribers.current else b""

    def resized(self, message: Resized) -> None:
        """Record a resize of the grid at the end of the output so far."""
        self.ring.resized(message)
        self.clients.resized(message)

    def acknowledge_inputs(self, inputs: Sequence[tuple[bytes, int]]) -> None:
        """Acknowledge inputs that the program has now, each given by attachment and sequence."""
        for key, number in inputs:
            self.viewers.attachments.written(key, number)
