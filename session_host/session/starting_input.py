"""Input for an agent that is starting: it is held until the agent shows its input line. Pure.

Most agents drop input before that. For the others, the kernel turns Enter into a line feed, which submits nothing. A
question at the start would take the text as its answer. A resumed agent that shows its input line before it loads the
conversation must also show the conversation (``Watch.resumed_line``). States::

    OFF                          the agent takes input, or its input line is unknown; input is typed at once
    WATCHING ──input──▶ HOLDING  the first input waits until the screen is checked
    HOLDING ──the input line is shown, or the time is over──▶ RELEASING ──all is typed──▶ OFF
    HOLDING, RELEASING ──the agent asks──▶ WATCHING  the held input is refused
    HOLDING ──Escape or Ctrl+C──▶ WATCHING           the held input is dropped, as by a terminal's line editing

The screen is checked only in HOLDING, every ``CHECK_S``. If the first check after an input finds a question, the user
sees that question and answers it: the input is typed at once. Held input is in the input log, so a replacement host
types each input once.

A chat that is woken gets the text that wakes it first. Until that is typed (``send_queue``), or is not to be, input is
held for each agent, whatever it shows but a question.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import msgspec

from session_host.protocol.launch import Watch
from session_host.protocol.messages import EARLY_INPUT_BYTES, Input, Key, NoticeEvent, Paste, Typed
from session_host.protocol.values import MODIFIER_KEYS, ErrorCode, KeyAction, Modifiers
from session_host.protocol.values import State as ProgramState
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import HeldInput, LogState
from session_host.terminal.base import Emulator
from session_host.terminal.rows import row_text

from .attachments import Attachment
from .effects import AppendEntry, Broadcast, NoteUserInput, Timers, UseEmulator, WriteToProgram
from .program_input import encode_input
from .session import Session

CHECK, CHECK_S = "check at start", 0.1
"""The timer between two checks of the screen."""

PACE, PACE_S, PACE_WITHIN_S = "pace", 0.25, 2.0
"""The timer before and after Enter. It is repeated, for at most the last value, until the agent has drawn the text and
writes nothing more. Directly after a text, agents take Enter for a part of a paste, or submit the text without its end.
"""

READY_CHECKS = 2
"""After this many checks in a row that find the input line, the agent takes input."""

NOTICE_CHECKS = 3
"""After this many checks, the user sees a notice that input waits."""

STARTS_WITHIN_S: Final = 60.0
"""After this time the agent counts as started, even if it shows no input line."""

CONVERSATION_ROWS: Final = 100
"""The last rows of the scrollback in which the conversation of a resumed agent is searched for."""

WAITS = "the agent is starting; it gets what you type as soon as it is ready (Escape discards it)"
ASKS = "the agent asks something; what you typed before was not typed"

_HELD: Final = (Key, Typed, Paste)
_decoder: Final = msgspec.msgpack.Decoder(Key | Typed | Paste)


class StartingState(StrEnum):
    """The states of the input of an agent that is starting."""

    OFF = "off"
    WATCHING = "watching"
    HOLDING = "holding"
    RELEASING = "releasing"


class _Held(NamedTuple):
    """An input that waits, and its attachment in the input log's form."""

    key: bytes
    message: Key | Typed | Paste


class Typist(Protocol):
    """Types bytes into the program (``terminal_session``)."""

    typed_tokens: list[str]

    @property
    def is_line_empty(self) -> bool:
        """Whether nothing is typed in the agent's input line, as far as is known."""

    @property
    def line_text(self) -> str:
        """The token of the command's text that was typed last, with no other input since; "" for none."""

    def continue_program(self) -> bool:
        """Continue the program if it is suspended; returns whether it was."""

    def type_bytes(self, data: bytes, request: str, by: str = "") -> bool:
        """Type a command's text, once for each request; False if there is no room. ``by``: the kind of client."""

    def note_unsent(self, line: str) -> None:
        """Note that the agent's input line has a text that could not be sent, in this row of the screen."""

    def has_unsent(self, emulator: Emulator) -> bool:
        """Whether the agent's input line still has such a text."""

    def holds_others(self, emulator: Emulator) -> bool | None:
        """Whether the input line has a text that no command typed; None if that is not known."""

    def type_held(self, key: bytes, sequence: int, data: bytes) -> None:
        """Type the bytes of a held input."""


class StartingInput:
    """Holds input until the agent takes it.

    Attributes:
        state: see the module.
        notice: one line for the user while input waits; "" for none.
        is_echoing: returns whether the terminal itself echoes what is typed.
        first_text: the token of the text that wakes the chat, until that is typed; "" for none.
    """

    def __init__(
        self,
        session: Session,
        typist: Typist,
        watch: Watch,
        log_state: LogState,
        is_echoing: Callable[[], bool],
        age_s: Callable[[], float],
        *,
        first_text: str = "",
    ) -> None:
        """Begin with the state that a previous host left.

        Args:
            session: the session.
            typist: types what was held.
            watch: the catalog's rules for the agent; without ``input_line`` nothing is held.
            log_state: the state that a previous host left.
            is_echoing: returns whether the terminal itself echoes what is typed.
            age_s: returns how long the program has been running.
            first_text: see the attribute.
        """
        self._session, self._typist, self._effects = session, typist, session.effects
        self.first_text = first_text
        self._has_line = bool(watch.input_line)
        # A program that need not show texts may read lines, which the terminal echoes, and no pastes.
        self._is_screen_enough = not watch.shown_within_s
        self.is_echoing, self._age_s = is_echoing, age_s
        self._input_line = re.compile(watch.input_line)
        self._question = re.compile(watch.start_question or "(?!)")
        self._conversation = re.compile(watch.resumed_line) if watch.resumed_line else None
        self._pace_count = self._end_typed = self._end_before = 0
        self._pace_s = max(watch.enter_after_s, PACE_S)
        self._max_checks = watch.held_within_s / CHECK_S
        self._held = deque(
            _Held(bytes.fromhex(each.attachment), _decoder.decode(each.message)) for each in log_state.held
        )
        self._bytes = sum(len(each.message) for each in log_state.held)
        # The input that a previous host held was typed before the present screen was shown.
        self._checks, self._ready_checks, self._parts = int(bool(self._held)), 0, 0
        self._timers = Timers(self, self._effects)
        is_starting = log_state.child_started is None or log_state.starting
        watches = bool(first_text) or (self._has_line and is_starting)
        self.state = StartingState.WATCHING if watches else StartingState.OFF
        if self._held:
            self.state = StartingState.HOLDING
        self.notice = ""

    @property
    def is_off(self) -> bool:
        """Whether all input is typed at once."""
        return self.state is StartingState.OFF

    @property
    def is_holding(self) -> bool:
        """Whether input is held, or was typed just now."""
        return self.state in {StartingState.HOLDING, StartingState.RELEASING}

    def saved_inputs(self) -> list[HeldInput]:
        """The state for a replacement host: the held inputs, oldest first."""
        return [HeldInput(key.hex(), each.sequence, msgspec.msgpack.encode(each)) for key, each in self._held]

    # ------------------------------------------------------------ events

    def receive(self, attachment: Attachment, message: Input) -> bool:
        """Hold an input; returns False if it is to be typed at once."""
        if self.state is StartingState.OFF or not isinstance(message, _HELD):
            return False
        if isinstance(message, Key) and self._passes(message):
            return False
        data = msgspec.msgpack.encode(message)
        if self._bytes + len(data) > EARLY_INPUT_BYTES:
            attachment.refuse(message.sequence, ErrorCode.INPUT_FULL, "the agent is still starting", hold=True)
            attachment.accepted = message.sequence
            return True
        self._effects.append(AppendEntry(EntryKind.HELD, data, attachment.key, message.sequence))
        attachment.accepted = message.sequence
        self._held.append(_Held(attachment.key, message))
        self._bytes += len(data)
        if self.state is StartingState.WATCHING:
            self.state = StartingState.HOLDING
            self._checks = self._ready_checks = 0
            if self._session.state is ProgramState.RUNNING:
                self._effects.append(UseEmulator(self))
        return True

    def program_started(self) -> None:
        """The program runs: begin to check the screen if input is held already."""
        if self.state is StartingState.HOLDING:
            self._checks = max(self._checks, 1)  # Typed before the program showed anything.
            self._timers.start(CHECK, CHECK_S)

    def program_ended(self) -> None:
        """Refuse the held input: the program has ended."""
        self.first_text = ""
        if self.is_holding:
            self._refuse(ErrorCode.ENDED, "the chat has ended")
        self._timers.stop_all()
        self.state = StartingState.OFF

    def timer_due(self, name: str) -> None:
        """Check the screen again, or type the next part."""
        self._timers.expired(name)
        if self.is_holding:
            self._effects.append(UseEmulator(self))

    def use_emulator(self, emulator: Emulator) -> None:
        """Check the screen, and type the held input if the agent takes it."""
        if not self.is_holding or self._timers:
            return
        if self._held and self.asks(emulator):
            self._on_question(emulator)
        elif self.state is StartingState.RELEASING:
            if self._count_pace():
                self._type_next(emulator)
            else:
                self._timers.start(PACE, self._pace_s)
        else:
            self._check_screen(emulator)

    def accepted(self) -> None:
        """The agent has accepted a text that a command typed."""
        if self.state is StartingState.WATCHING and not self.first_text:
            self._end()

    def text_done(self, token: str, *, is_typed: bool) -> None:
        """A command's text is typed with its Enter, or is not to be: what viewers typed follows the one that wakes."""
        if not self.first_text or token != self.first_text:
            return
        self.first_text = ""
        if self.state is StartingState.WATCHING and (is_typed or not self._has_line):
            self._end()
        elif self.state is StartingState.HOLDING and is_typed:
            self._timers.stop_all()
            self.state = StartingState.RELEASING
            self._begin_part()
            self._timers.start(PACE, self._pace_s)

    # ------------------------------------------------------------ what is on the screen

    def must_wait(self, emulator: Emulator, token: str = "") -> bool:
        """Whether the agent does not take a text yet, or other input goes first; ask again after ``CHECK_S``."""
        is_first = bool(token) and token == self.first_text
        if (self.is_holding and not is_first) or not self.reads():
            return True
        if self.state is StartingState.OFF or not self._has_line or self.asks(emulator):
            return False
        return not self._is_ready_again(emulator)

    def reads(self) -> bool:
        """Whether the agent may read its terminal: an agent that shows each text itself turns the echo off."""
        return self._is_screen_enough or not self.is_echoing()

    def asks(self, emulator: Emulator) -> bool:
        """Whether the agent, at its start, shows a question.

        A question above the input line is answered: Gemini CLI restarts below it once a folder is trusted. If the agent
        does not take a paste yet, a text waits.
        """
        if self.state is StartingState.OFF or not self.reads():
            return False
        question = _last_row(emulator, self._question)
        return question >= 0 and _last_row(emulator, self._input_line) < question

    def _is_ready(self, emulator: Emulator) -> bool:
        """Whether the agent reads its terminal, and shows its input line and the conversation that it resumes."""
        if not self.reads() or not (emulator.modes.bracketed_paste or self._is_screen_enough):
            return False
        line, is_late = _last_row(emulator, self._input_line), self._age_s() > STARTS_WITHIN_S
        if line < 0 or self._conversation is None or is_late:
            return line >= 0 or (is_late and self._is_screen_enough)
        return self._shows_conversation(emulator, line)

    def _is_ready_again(self, emulator: Emulator) -> bool:
        """Whether the agent was ready at the last check and is now; some show the line just before a question."""
        self._ready_checks = self._ready_checks + 1 if self._is_ready(emulator) else 0
        return self._ready_checks >= READY_CHECKS

    def _shows_conversation(self, emulator: Emulator, line: int) -> bool:
        """Whether the agent shows its conversation above this row; on a small screen it is in the scrollback."""
        assert self._conversation is not None
        first = max(0, emulator.scrollback_rows - CONVERSATION_ROWS)
        rows = emulator.rows()[:line] + emulator.history(first, emulator.scrollback_rows - first)
        return any(self._conversation.match(row_text(row)) for row in rows)

    def _check_screen(self, emulator: Emulator) -> None:
        self._checks += 1
        if not self.first_text and self._is_started(emulator):
            self.state = StartingState.RELEASING
            self._type_next(emulator)
            return
        if self._checks == NOTICE_CHECKS:
            self._set_notice(WAITS)
        self._timers.start(CHECK, CHECK_S)

    def _is_started(self, emulator: Emulator) -> bool:
        """Whether the agent takes input, or counts as one that does."""
        if not self._has_line or self._checks > self._max_checks:
            return True
        return self._is_ready_again(emulator) or (self._checks == 1 and self._age_s() > STARTS_WITHIN_S)

    def _on_question(self, emulator: Emulator) -> None:
        if self._checks:
            self._refuse(ErrorCode.NEEDS_INPUT, ASKS)
        else:
            # The user sees the question, and answers it.
            while self._held:
                self._type_first(emulator)
        self._watch()

    # ------------------------------------------------------------ typing

    def _count_pace(self) -> bool:
        """Count a wait; return whether it was the last one: the agent has drawn the text and writes nothing more."""
        self._pace_count += 1
        before, self._end_before = self._end_before, self._session.ring.end
        is_drawn = before == self._end_before != self._end_typed
        is_next = bool(self._held) and _is_enter(self._held[0].message)
        return is_drawn or not is_next or self._pace_count * self._pace_s > PACE_WITHIN_S

    def _type_next(self, emulator: Emulator) -> None:
        """Type Enter, or all up to the next one; once all is typed, end."""
        is_enter = bool(self._held) and _is_enter(self._held[0].message)
        if is_enter:
            self._type_first(emulator)
        while not is_enter and self._held and not _is_enter(self._held[0].message):
            self._type_first(emulator)
        self._parts += 1
        self._begin_part()
        # Wait once for an Enter after the first text, but do not wait on for a user who keeps typing.
        if self._held or (self._parts == 1 and not is_enter):
            self._timers.start(PACE, self._pace_s)
        else:
            self._end()

    def _begin_part(self) -> None:
        """Something was typed: count the waits until the agent has drawn it."""
        self._pace_count, self._end_typed = 0, self._session.ring.end
        self._end_before = self._end_typed

    def _type_first(self, emulator: Emulator) -> None:
        key, message = self._held.popleft()
        self._typist.type_held(key, message.sequence, encode_input(emulator, message))
        self._effects.append(NoteUserInput())

    def _refuse(self, code: str, reason: str) -> None:
        """Refuse all held input, visibly; the log has each input as typed with no bytes."""
        refused: set[bytes] = set()
        for key, message in self._held:
            if key not in refused:
                refused.add(key)
                self._session.viewers.attachments.refuse(
                    key, message.sequence, code, reason, hold=code != ErrorCode.ENDED
                )
        self._drop()

    def _drop(self) -> None:
        while self._held:
            key, message = self._held.popleft()
            self._effects.append(WriteToProgram(EntryKind.INPUT, b"", key, message.sequence))

    def _passes(self, key: Key) -> bool:
        """Whether a key is typed at once: it types no text, or the user stops the agent with it."""
        if key.action is KeyAction.RELEASE or key.key in MODIFIER_KEYS:
            return not self._held
        is_stop = bool(key.key == "Escape" or (key.key == "c" and key.modifiers & Modifiers.CTRL))
        if is_stop and self.is_holding:
            self._drop()
            self._timers.stop_all()
            self._watch()
        return is_stop

    # ------------------------------------------------------------ states

    def _watch(self) -> None:
        self.state = StartingState.WATCHING
        self._bytes = self._checks = self._parts = 0
        self._set_notice("")

    def _end(self) -> None:
        self.state = StartingState.OFF
        self._effects.append(AppendEntry(EntryKind.STARTED))
        self._set_notice("")

    def _set_notice(self, notice: str) -> None:
        if notice != self.notice:
            self.notice = notice
            self._effects.append(Broadcast(NoticeEvent("starting", notice)))


def _is_enter(message: Input) -> bool:
    if not isinstance(message, Key) or message.action is KeyAction.RELEASE:
        return False
    return message.key in {"Enter", "NumpadEnter"}


def _last_row(emulator: Emulator, pattern: re.Pattern[str]) -> int:
    """The last row of the screen, with its blanks, that begins with a match; -1 for none."""
    rows = [row_text(row).ljust(emulator.size.columns) for row in emulator.rows()]
    return max((number for number, row in enumerate(rows) if pattern.match(row)), default=-1)
