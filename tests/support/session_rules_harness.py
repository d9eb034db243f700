"""A session's rules with clients and without a host, for scripts; see ``playbook``."""

from __future__ import annotations

from typing import Any, cast

from session_host.protocol import messages as m
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import FromHost
from session_host.protocol.rights import Right
from session_host.protocol.values import GridSize, State
from session_host.session.connection import ClientConnection
from session_host.session.effects import (
    Effect,
    Log,
)
from session_host.session.output_ring import OutputRing, Span
from session_host.session.session import Session
from session_host.session.terminal_session import TerminalSession
from session_host.storage.descriptors.log_entries import NO_TAG, PendingEntry, PendingInput
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal.base import Emulator, Modes
from tests.support.playbook import Event, RulesHarness, do
from tests.support.session_harness import spec_of

BUILD = "engine 1"
HELLO_MESSAGE = m.Hello(m.PROTOCOL_VERSION, "viewer", BUILD)
ID, OTHER_ID = "1" * 32, "2" * 32
TAG = bytes.fromhex(ID)
SIZE = GridSize(40, 6)
PIECE_BYTES = 64 * 1024


class AcceptingClient:
    """A connection that an attachment belongs to."""

    def written(self, attachment: str, sequence: int) -> None:
        """Accept the input's delivery."""

    def input_refused(self, message: m.InputRefused) -> None:
        raise AssertionError(message)


class Engine:
    """The part of an emulator that the session's rules use."""

    modes = Modes()


ENGINE = cast("Emulator", Engine())


class Harness(RulesHarness[Effect]):
    """A session with ten bytes of output, and its clients.

    Attributes:
        emulator: the emulator, None while it is in use.
        refusal: the reason why clients may not control the chat.
        answer_refusal: the reason why they may not answer it, if they may control it.
    """

    def __init__(self) -> None:
        self.pending = PendingInput()
        ids = iter([ID, OTHER_ID])
        spec, log_state = spec_of(), LogState()
        self.session = Session(
            spec,
            log_state,
            OutputRing(0, 10),
            self.pending,
            title="",
            new_id=lambda: next(ids),
            watcher_events=lambda: [m.BellEvent()],
        )
        self.terminal = self.session.kind = TerminalSession(self.session, spec, log_state, new_id=lambda: next(ids))
        self.effects = self.session.effects
        self.emulator: Emulator | None = ENGINE
        self.refusal = self.answer_refusal = ""

    def start_program(self) -> Harness:
        self.session.program_runs()
        self.session.program_started()
        self.terminal.program_started()
        self.take_effects()
        return self

    def take_effects(self) -> list[Effect]:
        """Return the effects since the last call, without log lines."""
        return [each for each in super().take_effects() if not isinstance(each, Log)]

    def connection(self, *messages: m.Message) -> ClientConnection:
        """A client that has sent these messages and received the replies."""
        connection = ClientConnection(
            self.session, object(), lambda right: self.refusal or (self.answer_refusal if right is Right.ANSWER else "")
        )
        for message in messages:
            self._receive(connection, encode(message))
        connection.frames.data_to_send()
        self.take_effects()
        return connection

    def viewer(self, *, output: bool = False) -> ClientConnection:
        """A client that has attached."""
        viewer = self.connection(HELLO_MESSAGE, m.Attach(output=output, offset=10))
        self.take_effects()
        return viewer

    def _receive(self, connection: ClientConnection, data: bytes) -> None:
        connection.receive_data(data, self.emulator)
        while connection.has_more:
            connection.receive_data(b"", self.emulator)

    def sends(self, connection: ClientConnection, *messages: m.Message) -> Event:
        """An event: the client sends these messages in one write."""

        def sends(*sent: m.Message) -> None:
            self._receive(connection, b"".join(map(encode, sent)))

        return do(sends, *messages)

    def receives(self, connection: ClientConnection) -> Event:
        """An event: the client receives all queued messages."""

        def receives() -> list[Any]:
            decoder, got = Decoder(FromHost), []
            for piece in connection.frames.data_to_send():
                got += [piece] if isinstance(piece, Span) else list(decoder.feed(piece))
            return got

        return do(receives)

    def fills_pending_input(self, count: int) -> Event:
        """An event: this many bytes of input are pending, since the program does not read."""

        def fills_pending_input(count: int) -> None:
            while count > 0:
                self.pending.append(PendingEntry(0, min(count, PIECE_BYTES), NO_TAG, 0), min(count, PIECE_BYTES))
                count -= PIECE_BYTES

        return do(fills_pending_input, count)


def key(sequence: int, text: str = "a", attachment: str = ID) -> m.Key:
    return m.Key(attachment, sequence, text, text)


def attached(*, offset: int = 10, state: State = State.RUNNING, last: int = 0, resumed: bool = True) -> m.Attached:
    return m.Attached(ID, offset, SIZE, state, False, resumed, last)


def refused(sequence: int, code: str) -> Any:
    class Refusal:
        """Equals a refusal of this input, with any text."""

        def __eq__(self, other: object) -> bool:
            return isinstance(other, m.InputRefused) and (other.sequence, other.code) == (sequence, code)

        __hash__ = None  # type: ignore[assignment]

        def __repr__(self) -> str:
            return f"<the refusal of {sequence}: {code}>"

    return Refusal()
