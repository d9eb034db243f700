"""One client's conversation with the host. Key path, 8 of 11. Output path, 6 of 15.

States::

    EXPECT_HELLO ──Hello──▶ GREETED ──Attach──▶ ATTACHED ──Detach──▶ GREETED

    any ──violation, or the peer goes──▶ CLOSED
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto
from typing import Protocol

from session_host.errors import ProtocolViolation
from session_host.host.driver.events import standing
from session_host.host.driver.session import Session
from session_host.protocol.codec import ClientDecoder, encode
from session_host.protocol.compatibility import encode_for
from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    OLDEST_PROTOCOL_VERSION,
    OUTPUT_CHUNK_BYTES,
    PROTOCOL_VERSION,
    Attach,
    Attached,
    Colors,
    Detach,
    Error,
    ErrorCode,
    Event,
    Focus,
    Follow,
    GoOn,
    Hello,
    Input,
    InputAck,
    InputRefused,
    Key,
    Message,
    Mouse,
    Output,
    Paste,
    Report,
    Request,
    Resize,
    Resized,
    Starting,
    StateEvent,
    Text,
    Welcome,
)
from session_host.protocol.values import State
from session_host.session.attachments import Attachment
from session_host.session.output_ring import Span
from session_host.session.subscription import CaughtUp, OutputSubscription
from session_host.system.processes.permission import refusal_of
from session_host.version import VERSION

from .delayed_ack import DelayedAck
from .socket_transport import SocketTransport

log = logging.getLogger(__name__)

HELLO_TIMEOUT_S = 10.0
QUEUE_ABORT_BYTES = 64 * 1024 * 1024
"""Snapshots, events and acknowledgements are not held back; this bounds what they may pile up to."""

HOLDING_PROTOCOL = 5  # Viewers of this version on say when their user has seen a refusal (``GoOn``).
_WITH_TEXT = (Text, Paste)


class ConnectionState(Enum):
    """Where a conversation stands."""

    EXPECT_HELLO = auto()
    GREETED = auto()
    ATTACHED = auto()
    CLOSED = auto()


_CLOSED = ConnectionState.CLOSED  # An enum's member is dear to look up, and each key asks for this one.


class ConnectionOwner(Protocol):
    """The server, as a connection sees it."""

    def connection_closed(self, connection: ClientConnection) -> None:
        """The peer is gone."""

    def answer(self, connection: ClientConnection, request: Request) -> None:
        """Carry out a request and send its reply when it is done."""


class ClientConnection:
    """One client: decodes what it sends, queues what it gets.

    Attributes:
        attachment: what it holds while it is ATTACHED.
        acknowledge: tells it, soon, that all inputs of an attachment up to a sequence are written.
    """

    def __init__(self, session: Session, owner: ConnectionOwner) -> None:
        self._session = session
        self._owner = owner
        self._decoder = ClientDecoder()
        self._wire: SocketTransport
        self._deadline: asyncio.TimerHandle
        effects = session.performer.effects
        self._subscription = OutputSubscription(self, session.epoch, session.ring, session.audience, effects)
        self._finishing = False
        self._protocol = PROTOCOL_VERSION
        self._ack = DelayedAck(self.send_message)
        self.acknowledge = self._ack.schedule
        self.state = ConnectionState.EXPECT_HELLO
        self.attachment: Attachment | None = None

    # ------------------------------------------------------------ the wire's side

    def connection_made(self, wire: SocketTransport) -> None:
        """Talk over this wire: await its Hello."""
        self._wire = wire
        self._deadline = asyncio.get_running_loop().call_later(HELLO_TIMEOUT_S, self._no_hello)

    def connection_lost(self) -> None:
        """The peer is gone: its attachment is parked, the agent does not notice."""
        self.state = ConnectionState.CLOSED
        self._subscription.close()
        self._ack.close()
        self._deadline.cancel()
        self._session.observers.discard(self)
        if self.attachment is not None:
            self._session.viewers.park(self.attachment, self)
        self._session.performer.perform()
        self._owner.connection_closed(self)

    def data_received(self, data: bytes) -> None:
        """Act on each message; a peer that breaks the rules is told which, and dropped."""
        try:
            for message in self._decoder.feed(data):
                if self.state is _CLOSED:
                    return
                attachment = self.attachment
                if (
                    type(message) is Key
                    and attachment is not None
                    and attachment.id == message.attachment
                    and attachment.client is self
                ):
                    self._session.accept_input(attachment, message)  # What ``_input`` comes to with a key.
                else:
                    self._message(message)
                    self._session.performer.perform()
        except ProtocolViolation as error:
            self.refuse(error.code, str(error))

    def pause_writing(self) -> None:
        """The client is behind: nothing more is queued for it."""
        self._subscription.queue_full()

    def resume_writing(self) -> None:
        """The client has caught up with its queue: give it what it missed."""
        self._subscription.queue_drained()
        self._session.performer.perform()

    # ------------------------------------------------------------ sending

    def send_message(self, message: Message) -> None:
        """Queue a message; a client that does not read at all is dropped."""
        if self.state is ConnectionState.CLOSED:
            return
        if self._wire.queued_bytes > QUEUE_ABORT_BYTES:
            log.warning("dropped a client that does not read")
            self.state = ConnectionState.CLOSED
            self._wire.abort()
            return
        self._wire.write(encode_for(self._protocol, message))

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame that was encoded for all clients at once."""
        ack = self._ack
        if ack.sequence:
            frame += encode(InputAck(ack.attachment, ack.sequence))
            ack.sequence = 0
        self._wire.write(frame)

    def send_reply(self, message: InputRefused) -> None:
        """Tell the viewer about an input that was not taken."""
        self._ack.flush()
        self.send_message(message)

    def refuse(self, code: str, text: str) -> None:
        """Say why, and drop the client."""
        log.warning("dropped a client: %s: %s", code, text)
        self.send_message(Error(code, text))
        self.close()

    def close(self) -> None:
        """Close once the queue has gone out."""
        self.state = ConnectionState.CLOSED
        self._wire.close()

    def close_when_sent(self) -> None:
        """Close once the client has all output there ever was."""
        self._finishing = True
        if not self._subscription.behind:
            self.close()

    @property
    def is_quiet(self) -> bool:
        """Whether the client has all that it is to have."""
        is_known = self.state in {ConnectionState.GREETED, ConnectionState.ATTACHED}
        return is_known and not (
            self._wire.is_closed or self._wire.queued_bytes or self._subscription.behind or self._ack.sequence
        )

    def refusal(self) -> str:
        """Why the client may not control the chat, one line; "" if it may."""
        return refusal_of(self._wire.peer_pid, self._session.spec, self._session.name)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._wire.fileno()

    def hang_up(self) -> None:
        """See ``SocketTransport.shutdown``."""
        self._wire.shutdown()

    def _no_hello(self) -> None:
        if self.state is ConnectionState.EXPECT_HELLO:
            self.refuse(ErrorCode.VIOLATION, "no Hello came")

    # ------------------------------------------------------------ receiving

    def _message(self, message: Message) -> None:
        if self.state is ConnectionState.EXPECT_HELLO:
            self._hello(message)
            return
        match message:
            case Key() | Text() | Paste() | Mouse() | Focus():
                self._input(message)
            case Attach():
                self._attach(message)
            case Resize() | Colors() | GoOn():
                self._change_view(message)
            case Follow():
                if self._mine(message.attachment) is not None:
                    self._follow(message)
            case Detach():
                self._detach(message)
            case Report():
                self._session.watch.on_hook_report(message, self._wire.peer_pid)
            case Hello():
                raise ProtocolViolation("Hello came twice")
            case _:
                self._owner.answer(self, message)  # type: ignore[arg-type] # what is left of FromClient are requests

    def _hello(self, message: Message) -> None:
        if not isinstance(message, Hello):
            raise ProtocolViolation("the first message must be Hello")
        if not OLDEST_PROTOCOL_VERSION <= message.protocol <= PROTOCOL_VERSION:
            raise ProtocolViolation(
                f"this chat uses protocol {PROTOCOL_VERSION} and the viewer {message.protocol}; run `outlive "
                "upgrade`, or open it with the version that started it",
                ErrorCode.VERSION,
            )
        self._protocol = message.protocol
        self._deadline.cancel()
        self._subscription.engine_build = message.engine_build
        self.state = ConnectionState.GREETED
        session = self._session
        self.send_message(Welcome(message.protocol, VERSION, session.spec.session_id, session.epoch, session.state))

    def _mine(self, attachment_id: str) -> Attachment | None:
        """Its attachment, if it means that one; one that went to another connection is stale."""
        attachment = self.attachment
        if attachment is None or attachment.id != attachment_id or attachment.client is not self:
            return None
        return attachment

    def _input(self, message: Input) -> None:
        attachment = self._mine(message.attachment)
        if attachment is None:
            text = "no longer attached; attach again"
            self.send_message(InputRefused(message.attachment, message.sequence, ErrorCode.STALE_ATTACHMENT, text))
            return
        if isinstance(message, _WITH_TEXT) and len(message.text) > MAX_PASTE_CHARACTERS:
            text = f"the text is too long ({len(message.text)} characters, {MAX_PASTE_CHARACTERS} at most)"
            attachment.last_sequence = attachment.accepted = max(attachment.last_sequence, message.sequence)
            attachment.hold()
            self.send_message(InputRefused(attachment.id, message.sequence, ErrorCode.TOO_LARGE, text))
            return
        self._session.accept_input(attachment, message)

    def _change_view(self, message: Resize | Colors | GoOn) -> None:
        if (attachment := self._mine(message.attachment)) is None:
            return
        if isinstance(message, Resize):
            self._session.viewers.resized(attachment, message.size, message.cell)
        elif isinstance(message, GoOn):
            attachment.go_on()
        elif not attachment.read_only:
            self._session.set_colors(message)

    def _attach(self, message: Attach) -> None:
        if self.state is not ConnectionState.GREETED:
            raise ProtocolViolation("Attach came twice")
        if not message.read_only and (why := self.refusal()):
            raise ProtocolViolation(why, ErrorCode.NOT_ALLOWED)
        session = self._session
        attachment = session.viewers.attach(self, resume=message.resume, read_only=message.read_only)
        session.performer.perform()  # It is in the ledger before its viewer knows of it.
        self.attachment, self.state, self._wanted = attachment, ConnectionState.ATTACHED, message
        attachment.may_hold, attachment.kind = self._protocol >= HOLDING_PROTOCOL, message.kind
        log.info("attached id=%s viewers=%d", attachment.id, session.viewers.attachments.viewers())
        session.observers.add(self)
        if session.state is State.STARTING:
            self.send_message(Starting(attachment.id))
            if message.size is not None:
                session.viewers.came(attachment, message.size, message.cell)
        else:
            self.deliver_started()

    def deliver_started(self) -> None:
        """The program runs (or has ended): now, and not before, the viewer is told that it is attached."""
        session, attachment, wanted = self._session, self.attachment, self._wanted
        assert attachment is not None
        resumable = wanted.output and self._subscription.holds(wanted.epoch, wanted.offset)
        self.send_message(
            Attached(
                attachment.id,
                session.epoch,
                wanted.offset if resumable else session.output_ring.end,
                session.size,
                session.state,
                attachment.read_only,
                resumable,
                attachment.last_sequence,
            )
        )
        for event in standing(session):
            self.send_message(event)
        self._follow(wanted)
        if wanted.size is not None:
            counts = not attachment.read_only and wanted.output
            session.viewers.came(attachment, wanted.size, wanted.cell, counts=counts)

    def _detach(self, message: Detach) -> None:
        if (attachment := self._mine(message.attachment)) is None:
            return
        self._session.viewers.detach(attachment)
        self._session.observers.discard(self)
        self.attachment = None
        self._subscription.close()
        self.state = ConnectionState.GREETED
        log.info("detached id=%s viewers=%d", attachment.id, self._session.viewers.attachments.viewers())

    # ------------------------------------------------------------ output

    def _follow(self, wanted: Attach | Follow) -> None:
        if self.attachment is not None:
            self._session.viewers.shows(self.attachment, output=wanted.output)
        if wanted.output:
            self._subscription.follow(wanted.epoch, wanted.offset, wanted.resizes)
            self.flush()
        else:
            self._subscription.unfollow()
            self._subscription.listen()
            self._tell_end()

    def flush(self) -> None:
        """Queue what the subscription has for the client."""
        for message in self._subscription.messages_to_send():
            if isinstance(message, Span):
                for start, data in self._session.output_ring.pieces(*message, OUTPUT_CHUNK_BYTES):
                    self.send_message(Output(start, data))
            elif isinstance(message, CaughtUp):
                self._tell_end()
                if self._finishing:
                    self.close()
            else:
                self.send_message(message)

    def _tell_end(self) -> None:
        """A program may have ended before this client saw it end."""
        session, page = self._session, self._session.ledger.page
        if session.state is State.EXITED:
            self.send_message(StateEvent(session.state, session.exit_code, session.exit_signal, page.end_request))

    def deliver_resize(self, message: Resized) -> None:
        """The grid changed at this point of the output."""
        self._subscription.resized(message)
        self.flush()

    def deliver_event(self, event: Event) -> None:
        """Queue an event, small as it is, also for a client that is behind; the end comes after the last output."""
        if self.state is ConnectionState.ATTACHED and not (isinstance(event, StateEvent) and self._subscription.behind):
            self.send_message(event)
