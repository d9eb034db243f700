"""A send queue with a real emulator and without a host, for scripts; see ``playbook``."""

from __future__ import annotations

import uuid

from session_host.protocol.launch import Watch
from session_host.protocol.messages import Done, Send
from session_host.protocol.values import GridSize
from session_host.session.effects import (
    Effect,
    NoteUserInput,
    SendReply,
    StartTimer,
    StopTimer,
    UseEmulator,
    WriteToProgram,
)
from session_host.session.output_ring import OutputRing
from session_host.session.send_queue import (
    ECHO,
    PAUSE,
)
from session_host.session.session import Session
from session_host.session.terminal_session import TerminalSession
from session_host.storage.descriptors.log_entries import EntryKind, PendingInput
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal import create
from session_host.terminal.base import EngineName
from tests.support.playbook import Event, Playbook, RulesHarness, do
from tests.support.session_harness import spec_of

PROGRAM = Watch()
PAUSING = Watch(enter_after_s=0.15)
SHOWING = Watch(enter_after_s=0.15, shown_within_s=1.5, held_within_s=4.0)
SHOWING_AT_ONCE = Watch(shown_within_s=1.5)

TOKEN, OTHER = "1" * 32, "2" * 32
ENTER = uuid.uuid5(uuid.UUID(TOKEN), "Enter").hex
HELLO = Send(1, "hello", enter=True, token=TOKEN)
DONE = SendReply("one", Done(1))


class SendQueueHarness(RulesHarness[Effect]):
    """The queue of one session, and its emulator."""

    def __init__(
        self, watch: Watch, size: GridSize = GridSize(80, 24), agent: str = "command", engine: EngineName = "pyte"
    ) -> None:
        self.open_question: str | None = None
        self.is_echoing, self.age_s = False, 0.0
        ids = iter(str(number) * 32 for number in range(3, 10))
        spec, log_state = spec_of(watch=watch, agent=agent), LogState()
        self.session = Session(spec, log_state, OutputRing(0, 0), PendingInput(), title="", new_id=lambda: next(ids))
        self.terminal = self.session.kind = TerminalSession(
            self.session,
            spec,
            log_state,
            new_id=lambda: next(ids),
            open_question=lambda: self.open_question,
            is_echoing=lambda: self.is_echoing,
            age_s=lambda: self.age_s,
        )
        self.effects = self.session.effects
        self.session.program_runs()
        self.queue = self.terminal.send_queue
        self.emulator = create(engine, size)
        self.emulator.feed(b"\x1b[?2004h")
        self.take_effects()
        self.use, self.use_after_output = UseEmulator(self.queue), UseEmulator(self.queue, after_output=True)

    def sends(self, request: Send = HELLO, client: str = "one") -> Event:
        return do(self.queue.request, request, client)

    def free(self) -> Event:
        """The queue may use the emulator."""

        def use_emulator() -> None:
            self.queue.use_emulator(self.emulator)

        return do(use_emulator)

    def shows(self, text: str = "") -> Event:
        """The program writes this output."""

        def shows(text: str) -> None:
            self.emulator.feed(text.encode())
            self.session.frame_for_viewers(b"x", 1)

        return do(shows, text)

    def ages(self, by_s: float) -> Event:
        """The program has run for longer."""

        def ages(by_s: float) -> None:
            self.age_s += by_s

        return do(ages, by_s)

    def due(self, name: str) -> Event:
        return do(self.queue.timer_due, name)

    def starts(self, name: str, after_s: float) -> StartTimer:
        return StartTimer(self.queue, name, after_s)

    def stops(self, name: str) -> StopTimer:
        return StopTimer(self.queue, name)

    def typed(self, text: str = "\x1b[200~hello\x1b[201~", token: str = TOKEN) -> WriteToProgram:
        return WriteToProgram(EntryKind.TYPED, text.encode(), bytes.fromhex(token))

    def types_hello(self) -> Playbook:
        """A script in which the text is typed."""
        return self.script() >> self.sends() << self.use >> self.free() << self.typed() << NoteUserInput()

    def typed_and_searched(self) -> Playbook:
        """A script in which the text is typed, and a search for it on the screen has failed."""
        return self.types_hello() << self.starts(ECHO, 1.5) << self.use >> self.free()

    def enters(self, script: Playbook) -> Playbook:
        """Continue a script with Enter."""
        script = script << self.use_after_output >> self.free() << self.typed("\r", ENTER) << NoteUserInput() << DONE
        return script << self.starts(PAUSE, 0.15) >> self.due(PAUSE)
