"""The rules of one client's connection to the session. Key path, 9 of 16. Answer path, 8 of 15.

The caller passes received bytes to ``receive_data``, and sends the frames of ``frames.data_to_send`` at each effect
``Flush``. Messages that the session's rules do not handle come out of ``events_received``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from session_host.errors import ProtocolViolation
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.greeting import answer_hello
from session_host.protocol.messages import (
    FALLS_ASLEEP,
    INPUTS,
    MAX_PASTE_CHARACTERS,
    AcceptRefusal,
    AnswerRequest,
    AskUser,
    Attach,
    Attached,
    ClearTerminal,
    Colors,
    Continue,
    Detach,
    Error,
    Event,
    Failed,
    Focus,
    Follow,
    FromClient,
    Hello,
    Input,
    InputAck,
    InputRefused,
    Message,
    PassAmount,
    Paste,
    Received,
    Report,
    Request,
    Resize,
    Resized,
    Send,
    SendChatInput,
    Starting,
    StateEvent,
    Typed,
)
from session_host.protocol.rights import Right
from session_host.protocol.values import ErrorCode
from session_host.protocol.values import State as ProgramState
from session_host.terminal.base import Emulator

from .attachments import Attachment
from .effects import Close, Flush, Log, Timers, UseLogin
from .output_ring import Span
from .own_prompts import own_send
from .paced import PacedSubscription
from .rights import REFUSABLE, right_for
from .session import Session
from .subscription import OutputSubscription

HELLO, HELLO_TIMEOUT_S = "hello", 10.0

Unhandled = Request | Report | AskUser  # Messages for the host, not for these rules.
_WITH_TEXT = (Typed, Paste)


class ConnectionState(StrEnum):
    """The states of a connection."""

    EXPECT_HELLO = "EXPECT_HELLO"
    GREETED = "GREETED"
    ATTACHING = "ATTACHING"
    ATTACHED = "ATTACHED"
    FINISHING = "FINISHING"
    CLOSED = "CLOSED"


class ClientConnection:
    """One client's connection: handles its messages, and queues the frames for it.

    Attributes:
        state: see ``ConnectionState``.
        frames: the queue of frames for the client.
        has_more: another message is already decoded: call ``receive_data`` again, with b"".
        attachment: the client's attachment while it is attached.
    """

    def __init__(self, session: Session, peer: Any, refusal: Callable[[Right], str]) -> None:
        """Await the client's Hello.

        Args:
            session: the session that the client connects to.
            peer: the socket's transport, which only the driver uses.
            refusal: returns why the client does not have a right (one of REFUSABLE), one line; "" if it has it.
        """
        self.state = ConnectionState.EXPECT_HELLO
        self.has_more = False
        self.attachment: Attachment | None = None
        self._session = session
        self._refusal = refusal
        self._effects = session.effects
        self._decoder = Decoder(FromClient)
        self._received: deque[Message | ProtocolViolation] = deque()
        self.frames = FrameQueue(session, peer, caught_up=self._caught_up, refuse=self.refuse)
        self._subscription = self.frames.subscription
        self._attach_request = Attach()
        self._events: list[Unhandled] = []
        self._timers = Timers(self, self._effects)
        self._timers.start(HELLO, HELLO_TIMEOUT_S)

    # ------------------------------------------------------------ what the client sends

    def receive_data(self, data: bytes, emulator: Emulator | None) -> None:
        """Handle the next complete message; on a protocol violation, send an error and drop the client.

        Args:
            data: the received bytes.
            emulator: encodes keys for the program; None while it is in use.
        """
        received = self._received
        try:
            received.extend(self._decoder.feed(data) if data else ())
        except ProtocolViolation as error:
            received.append(error)
        if received:
            self._receive(received.popleft(), emulator)
        self.has_more = bool(received)

    def receive_eof(self) -> None:
        """Keep the attachment of a client that disconnected; the agent does not notice."""
        self.state = ConnectionState.CLOSED
        self.frames.close()
        self._timers.stop(HELLO)
        self._session.clients.remove(self)
        if self.attachment is not None:
            self._session.viewers.disconnect(self.attachment, self)

    def events_received(self) -> list[Unhandled]:
        """Return the requests that the session's rules do not handle, oldest first."""
        events, self._events = self._events, []
        return events

    def _receive(self, message: Message | ProtocolViolation, emulator: Emulator | None) -> None:
        if self.state is ConnectionState.CLOSED:
            return
        try:
            if isinstance(message, ProtocolViolation):
                raise message
            self._message(message, emulator)
        except ProtocolViolation as error:
            self.refuse(error.code, str(error))

    def _message(self, message: Message, emulator: Emulator | None) -> None:
        if self.state is ConnectionState.EXPECT_HELLO:
            self._hello(message)
            return
        if isinstance(message, INPUTS):
            self._input(message, emulator)
        elif (allowed := self._allowed(message)) is not None:
            self._handle(allowed)

    def _handle(self, message: Message) -> None:
        match message:
            case Attach():
                self._attach(message)
            case Resize():
                if (attachment := self._own_attachment(message.attachment)) is not None:
                    self._session.viewers.resized(attachment, message.size, message.cell)
            case Colors() | ClearTerminal() | Continue():
                attachment, terminal = self._own_attachment(message.attachment), self._session.terminal
                if attachment is not None and not attachment.read_only and terminal is not None:
                    terminal.change_terminal(message)
            case Received():
                if self._own_attachment(message.attachment) is not None:
                    self._subscription.received(message.length)
            case Follow():
                if self._own_attachment(message.attachment) is not None:
                    self._follow(message)
            case Detach():
                self._detach(message)
            case AcceptRefusal():
                if (attachment := self._own_attachment(message.attachment)) is not None:
                    attachment.release_input()
            case Hello():
                raise ProtocolViolation("Hello came twice")
            case _:
                self._events.append(message)  # type: ignore[arg-type] # what is left of FromClient

    def _allowed(self, message: Message) -> Message | None:
        """The message, marked if it is of the chat's own agent; None if the client may not send it: it gets the reason.

        Raises:
            ProtocolViolation: the client may not attach.
        """
        right = right_for(message, self._session.kind)
        if isinstance(message, (Report, AskUser)) and message.report_id != self._session.report_id:
            self._effects.append(Log("dropped a report of a program that does not belong to this chat"))
            return None
        if right not in REFUSABLE:
            return message
        reason = self._refusal(right)
        if not reason and isinstance(message, (Send, SendChatInput)) and self._refusal(Right.ANSWER):
            message = own_send(message) if isinstance(message, Send) else message
            reason = self._session.kind.why_no_own(message)
        if not reason:
            return message
        if isinstance(message, Attach):
            raise ProtocolViolation(reason, ErrorCode.NOT_ALLOWED)
        self._effects.append(Log(f"refused: {reason}"))
        self.send_message(Failed(message.request, ErrorCode.NOT_ALLOWED, reason))  # type: ignore[attr-defined]
        return None

    def _hello(self, message: Message) -> None:
        if not isinstance(message, Hello):
            raise ProtocolViolation("the first message must be Hello")
        session = self._session
        welcome = answer_hello(message, session.session_id, session.state)
        self._timers.stop(HELLO)
        self._subscription.engine_build = message.engine_build
        self.state = ConnectionState.GREETED
        self.send_message(welcome)

    def _own_attachment(self, attachment_id: str) -> Attachment | None:
        """This client's attachment if it has this id, and belongs to no other connection now; else None."""
        attachment = self.attachment
        if attachment is None or attachment.id != attachment_id or attachment.client is not self:
            return None
        return attachment

    def _input(self, message: Input, emulator: Emulator | None) -> None:
        attachment = self._own_attachment(message.attachment)
        if attachment is None:
            text = "no longer attached; attach again"
            self.send_message(InputRefused(message.attachment, message.sequence, ErrorCode.STALE_ATTACHMENT, text))
        elif isinstance(message, _WITH_TEXT) and len(message.text) > MAX_PASTE_CHARACTERS:
            attachment.refuse_too_large(message.sequence, len(message.text))
        elif self._session.end_requests.puts_to_sleep and not isinstance(message, Focus):
            attachment.refuse_input(message.sequence, ErrorCode.ENDED, FALLS_ASLEEP)
        elif isinstance(message, AnswerRequest | PassAmount) and (reason := self._why_no_answer(message)):
            attachment.refuse_input(message.sequence, ErrorCode.NOT_ALLOWED, reason)
        else:
            self._session.kind.receive_input(attachment, message, emulator)

    def _why_no_answer(self, answer: AnswerRequest | PassAmount) -> str:
        """Why this viewer may not answer so, one line; "" if it may."""
        right = right_for(answer, self._session.kind)
        return self._refusal(right) if right in REFUSABLE else ""

    # ------------------------------------------------------------ attaching

    def _attach(self, message: Attach) -> None:
        if self.state is not ConnectionState.GREETED:
            raise ProtocolViolation("Attach came twice")
        session = self._session
        attachment = session.viewers.attach(
            self,
            resume=message.resume,
            read_only=message.read_only,
            kind=message.kind,
        )
        self.attachment, self._attach_request = attachment, message
        if message.is_far:
            self._subscription = self.frames.pace()
        self._log("attached", attachment)
        if not message.read_only and message.kind:
            self._effects.append(UseLogin(self.frames.peer))
        session.clients.add(self)
        if session.state is ProgramState.STARTING:
            self.state = ConnectionState.ATTACHING
            self.send_message(Starting(attachment.id))
            if message.size is not None:
                session.viewers.attached(attachment, message.size, message.cell)
        else:
            self.state = ConnectionState.ATTACHED
            self._attached(attachment)

    def program_started(self) -> None:
        """Send Attached to a viewer that waited for the program's start."""
        if self.state is ConnectionState.ATTACHING and self.attachment is not None:
            self.state = ConnectionState.ATTACHED
            self._attached(self.attachment)

    def _attached(self, attachment: Attachment) -> None:
        session, request = self._session, self._attach_request
        resumable = request.output and self._subscription.can_resume(request.offset)
        self.send_message(
            Attached(
                attachment.id,
                request.offset if resumable else session.ring.end,
                session.sizing.size,
                session.state,
                attachment.read_only,
                resumable,
                attachment.last_sequence,
            )
        )
        for event in session.current_state_events():
            self.send_message(event)
        self._follow(request)
        if request.size is not None:
            is_shown = not attachment.read_only and request.output
            if is_shown and attachment.id == request.resume:
                # It has only reconnected: it does not take the size from another that is in use.
                session.viewers.resized(attachment, request.size, request.cell)
            else:
                session.viewers.attached(attachment, request.size, request.cell, is_in_use=is_shown)

    def _detach(self, message: Detach) -> None:
        attachment = self._own_attachment(message.attachment)
        if attachment is None:
            return
        self._session.viewers.detach(attachment)
        self._session.clients.remove(self)
        self.attachment = None
        self._subscription.close()
        if self.state is ConnectionState.FINISHING:
            self._close()  # The client waits for no more output.
        else:
            self.state = ConnectionState.GREETED
        self._log("detached", attachment)

    def _log(self, what: str, attachment: Attachment) -> None:
        viewers = self._session.viewers.attachments.viewers()
        self._effects.append(Log(f"{what} id={attachment.id} viewers={viewers}"))

    def _follow(self, request: Attach | Follow) -> None:
        if self.attachment is not None:
            self._session.viewers.set_follows_output(self.attachment, output=request.output)
        if request.output:
            self._subscription.follow(request.offset, request.resizes, has_history=request.has_history)
        else:
            if self._session.terminal is not None:
                self._subscription.note_seen()
            self._subscription.unfollow()
            self._subscription.listen()
            self._send_end()

    # ------------------------------------------------------------ messages to the client

    def send_message(self, message: Message) -> None:
        """Queue a message behind those that wait."""
        if self.state is not ConnectionState.CLOSED:
            self.frames.queue(message)

    def event(self, event: Event) -> None:
        """Queue an event, even for a client that is behind; only the end waits for the last output."""
        if self.state is ConnectionState.ATTACHED and not (
            isinstance(event, StateEvent) and self._subscription.is_behind
        ):
            self.send_message(event)

    def resized(self, message: Resized) -> None:
        """Report a resize of the grid at this point of the output."""
        self._subscription.resized(message)

    def queue_full(self) -> None:
        """Queue no more output, since the client is behind."""
        self._subscription.queue_full()

    def queue_drained(self) -> None:
        """Queue the output that the client missed, since its queue has drained."""
        self._subscription.queue_drained()

    def _caught_up(self) -> None:
        """Send the end of the program, since all output is queued for the client."""
        self._send_end()
        if self.state is ConnectionState.FINISHING and not self._subscription.lacks_history:
            self._close()

    def _send_end(self) -> None:
        """Send the client the end of the program, if it has ended."""
        if (end := self._session.end) is not None:
            self.send_message(end)

    def written(self, attachment: str, sequence: int) -> None:
        """Acknowledge all inputs of the viewer up to this one."""
        self.send_message(InputAck(attachment, sequence))

    def input_refused(self, message: InputRefused) -> None:
        """Send the viewer the refusal of an input."""
        self.send_message(message)

    # ------------------------------------------------------------ the end

    def refuse(self, code: str, text: str) -> None:
        """Send the client an error, and drop it."""
        self.send_message(Error(code, text))
        self._close(f"{code}: {text}")

    def finish(self) -> None:
        """Close the connection of an ended session once the client has all output."""
        if self._subscription.is_behind or self._subscription.lacks_history:
            self.state = ConnectionState.FINISHING
        else:
            self._close()

    def timer_due(self, name: str) -> None:
        """Drop a client that sent no Hello."""
        self._timers.expired(name)
        self.refuse(ErrorCode.VIOLATION, "no Hello came")

    def _close(self, reason: str = "") -> None:
        if self.state is not ConnectionState.CLOSED:
            self.state = ConnectionState.CLOSED
            self._effects.append(Close(self.frames.peer, reason))


class FrameQueue:
    """The frames that wait for one client.

    Attributes:
        peer: the socket's transport, which only the driver uses.
        refuse: sends the client an error, with its code and text, and drops it.
        caught_up: called when all output is queued for the client.
        subscription: the client's share of the output.
    """

    def __init__(
        self, session: Session, peer: Any, *, caught_up: Callable[[], None], refuse: Callable[[str, str], None]
    ) -> None:
        """Begin without frames.

        Args:
            session: the session that the client connects to.
            peer: see the attribute.
            caught_up: see the attribute.
            refuse: see the attribute.
        """
        self.peer, self.refuse, self.caught_up = peer, refuse, caught_up
        self.subscription = OutputSubscription(self, session.ring, session.subscribers, session.effects)
        self._session = session
        self._effects = session.effects
        self._pieces: list[bytes | Span] = []

    def queue(self, message: Message | Span) -> None:
        """Queue a message behind the waiting ones; a Span stands for a part of the output file."""
        if not self._pieces:
            self._effects.append(Flush(self))
        self._pieces.append(message if isinstance(message, Span) else encode(message))

    def write_output(self, frame: bytes) -> None:
        """Write a frame of output at once, or queue it behind the waiting ones."""
        if self._pieces:
            self._pieces.append(frame)
        else:
            self.peer.write(frame)

    def pace(self) -> OutputSubscription:
        """Send output no faster than the client's line carries it."""
        previous, session = self.subscription, self._session
        self.subscription = PacedSubscription(self, session.ring, session.subscribers, session.effects)
        self.subscription.engine_build = previous.engine_build
        return self.subscription

    def data_to_send(self) -> list[bytes | Span]:
        """Return the frames that wait for the client, in order."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def close(self) -> None:
        """Stop the subscription of a client that disconnected."""
        self.subscription.close()
