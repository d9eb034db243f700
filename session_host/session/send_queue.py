"""Types the input that ``outlive send`` requests, one request after another, with pauses between them.

Some agents take an Enter that comes directly after a text for a part of a paste. So the text is sent as a paste, if the
program enabled pastes. Enter follows as a separate key, once the text is shown and the screen has been quiet for the
time in the catalog: from UNCHANGED to UNSETTLED (``SendState``). A program that always paints, such as a clock,
is never quiet: after ``ENTER_ANYWAY_S`` it gets Enter anyway.

If an agent shows each text (``Watch.shown_within_s``) and does not show this one, it has dropped the text: the agent is
not ready, or a dialog is open. The reply says so, and Enter is not pressed. While SEARCHING, the queue waits for the
emulator, to search the screen for the text.

While such an agent starts, it drops what is typed; see ``starting_input``. So while STARTING, nothing is typed. After
``READING_WITHIN_S`` the text is refused if the kernel still echoes, since then it would seem to be shown.

A suspended program is continued before. It may drop what it got before it reads its terminal as before, so the text
waits until the kernel does not echo any more.

An agent that works paints all the time; if it does not, it may be about to open a dialog. So it gets Enter directly
after its next output. At the moment of Enter, all output so far is interpreted and the screen is searched once more: a
dialog that opened meanwhile covers the text, and would take Enter for "yes". Then, while ENTERED, an idle agent must
report that it works; if it still shows the text in its place, it has dropped the Enter. For other agents, and for their
commands, the reply says that it is not known whether a turn began.

A text with Enter joins nothing that a viewer typed: the cursor and the shell's marks tell whether anything stands in
the input line. Where they do not, it is typed, and the reply says so. Keys, and a text without Enter, may build a line.

The text that wakes a chat goes before all others: until it is there, they wait.

A text that was typed and could not be sent stays in the agent's input line: there is no way to delete it that all
agents know, and a dialog may be open. As long as the screen shows it there, the next text is refused, which the agent
would take for its end.

While the chat needs input, a text is refused: agents' permission dialogs ignore a paste and take Enter for "yes", and
read typed characters as keys. Keys alone, or a single character, answer a dialog; they are always typed.
"""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.launch import Watch
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, MAY_JOIN, Done, Failed, Key, Peek, Reply, Send
from session_host.protocol.values import Activity, ErrorCode, parse_key
from session_host.protocol.values import State as ProgramState
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_key, encode_paste, has_controls
from session_host.terminal.rows import row_text
from session_host.terminal.text import screen_hash, screen_of

from .effects import SendReply, Timers, UseEmulator
from .own_prompts import command_sign
from .session import Session
from .shown_text import Positions, cursor_line, expected_echo, positions
from .starting_input import StartingInput, Typist

ECHO = "echo"
"""The timer that limits how long the agent may take to show the text."""

READING, READING_POLL_S, READING_WITHIN_S = "reading", 0.1, 20.0
"""The timer between two checks whether the agent reads its terminal, and how long it may take to start."""

CONTINUED_CHECKS = 10
"""How often the terminal of a continued program may be found to echo, every ``READING_POLL_S``: some programs echo."""

SEARCH, SEARCH_DELAY_S = "search", 0.02
"""The timer after a change of the screen, before the screen is searched."""

ENTER_ANYWAY, ENTER_ANYWAY_S = "enter anyway", 2.0
"""The timer after which a program that has not shown a text gets Enter anyway: it may never show typed text."""

SLOW_PAUSE, MAX_SLOW_PAUSE_S = 3.0, 4.0
"""The pause before Enter, in times that the agent took to show the text, and its maximum. Gemini CLI inserts a line end
for an Enter until 40 ms after a paste and one more rendering, which shows nothing and is slow on a busy computer.
"""

SETTLE, PAUSE = "settle", "pause"
"""The timers for the quiet screen before Enter, and for the pause after it."""

TURN, TURN_WITHIN_S = "turn", 20.0
"""The timer that limits how long an idle agent may take to begin a turn, on a busy computer, too."""

NOT_SHOWN = "the agent does not show the text; it may not be ready, so check it and send again"
NO_ENTER = "; Enter was not pressed"
COVERED = "the agent no longer shows the text"
NO_TURN = "Enter was pressed, but the agent has not begun a turn; look at the chat before you send the text again"
TURN_UNKNOWN = "whether a turn began is not known"
NOT_READING = "the agent does not accept input yet; nothing was typed"
LINE_NOT_EMPTY = "an agent may type only into its own chat's empty input line, where its text is seen"
LINE_IN_USE = "its input line is not known to be empty, or does not show what is typed"
JOINED = "something else was typed behind the text"
TAKEN = "the text was typed before, and is not in the input line any more"
UNSENT = "its input line still has a text that was not sent: press Enter or delete it there"
OTHERS = "its input line has a text that was typed there: press Enter or delete it there"


class SendState(StrEnum):
    """The states of the queue."""

    IDLE = "IDLE"  # There is no request.
    TYPING = "TYPING"  # Waits for the emulator, to type the text.
    STARTING = "STARTING"  # The agent does not take a text yet: waits READING_POLL_S, then looks again.
    SEARCHING = "SEARCHING"  # Waits for the emulator, to search the screen for the text.
    UNSHOWN = "UNSHOWN"  # The screen did not show the text: waits for output.
    CHANGING = "CHANGING"  # Output came after that search: waits SEARCH_DELAY_S, then searches again.
    UNCHANGED = "UNCHANGED"  # The text was typed: waits for the first output.
    QUIET = "QUIET"  # The text is shown, or the first output came: waits for a pause without output, then for Enter.
    LATE = "LATE"  # ENTER_ANYWAY_S passed, or the agent works: Enter follows the next output, or the pause.
    UNSETTLED = "UNSETTLED"  # More output came: each output restarts the pause, until ENTER_ANYWAY_S is over.
    ENTERING = "ENTERING"  # Waits for the emulator, to type Enter.
    ENTERED = "ENTERED"  # Enter was typed: waits until the agent begins a turn.
    LOOKING = "LOOKING"  # No turn began in time: waits for the emulator, to look whether the text is still there.
    PAUSING = "PAUSING"  # Enter was typed: waits, then takes the next request.


class _Refusal(NamedTuple):
    """The reason why something was not typed: a code, and a text for people."""

    code: str
    reason: str


class _CurrentRequest:
    """The current request.

    Attributes:
        token, enter_token: the tokens of the text and of an Enter that follows it.
        pause_s: the pause before and after Enter.
        typed_at_s: the program's age when the text was typed.
        echo: what the agent shows of the text; None if it need not be shown.
        before: the echo's positions before the text was typed; None if unknown.
        places: the echo's new positions at the last search.
        line_before: the row of the cursor before the text was typed.
        line: the row that ends with the text, in this or another form, in the agent's input line; "" for none.
        was_found: whether the text was found in that row.
        has_changed: whether the program has written output since this was last set to False.
        is_time_over: whether the time to show the text is over.
        is_last: whether this is the last search of the screen.
        start_checks: how often the agent was found to be starting.
        was_suspended: whether the program was suspended, and perhaps does not read its terminal again yet.
        may_join: whether the text was typed behind something that a viewer may have typed.
    """

    def __init__(self, request: Send, client: Any, token: str, watch: Watch) -> None:
        self.request, self.client, self.token = request, client, token
        self.enter_token = uuid.uuid5(uuid.UUID(token), "Enter").hex
        self.pause_s = watch.enter_after_s if request.text and request.enter else 0.0
        self.echo = expected_echo(request) if watch.shown_within_s else None
        self.before: Positions | None = None
        self.places: Positions = frozenset()
        self.line_before = self.line = ""
        self.was_found = False
        self.has_changed = self.is_time_over = self.is_last = False
        self.start_checks, self.typed_at_s = 0, 0.0
        self.was_suspended = self.may_join = False

    def is_shown(self, emulator: Emulator) -> bool:
        """Whether the text is on the screen, as far as that can be told.

        What an agent runs to send itself a text often shows that text, too, which scrolls: there must be one more then.
        """
        if self.echo is None or self.before is None:
            return True
        now = positions(emulator, self.echo)
        self.places = now - self.before if now is not None else frozenset()
        self._note_line(emulator)
        if self.is_guarded:
            return now is not None and len(now) > len(self.before)
        return now is None or bool(self.places)

    def _note_line(self, emulator: Emulator) -> None:
        if self.places:
            self.line, self.was_found = row_text(emulator.rows()[max(self.places)[0]]).rstrip(), True
        elif not self.was_found:
            self.line = cursor_line(emulator)
            if self.line == self.line_before or self.line.strip()[:1] != self.line_before.strip()[:1]:
                self.line = ""  # The agent has dropped the text, or shows no input line yet.

    def is_in_place(self, emulator: Emulator) -> bool:
        """Whether the text is where it was found last."""
        now = positions(emulator, self.echo) if self.echo is not None else None
        return bool(now and now & self.places)

    @property
    def is_guarded(self) -> bool:
        """Whether the text may join nothing, and gets Enter only where it is seen."""
        return self.request.is_own or self.request.is_guarded

    @property
    def is_enter_separate(self) -> bool:
        """Whether Enter follows as a separate key."""
        return bool(self.pause_s) or (self.before is not None and self.request.enter)


class SendQueue:
    """The requests to type into one session, in order.

    Attributes:
        state: the queue's state.
    """

    def __init__(
        self,
        session: Session,
        typist: Typist,
        watch: Watch,
        new_id: Callable[[], str],
        open_question: Callable[[], str | None],
        starting: StartingInput,
        *,
        is_agent: bool,
        activity: Activity,
        age_s: Callable[[], float],
    ) -> None:
        """Begin with an empty queue.

        Args:
            session: the session.
            typist: types the texts.
            watch: the catalog's rules for typing a text into the program.
            new_id: returns a token: 32 hexadecimal digits.
            open_question: returns the chat's open question to its user, "" for an unknown one; None if there is none.
            starting: knows whether the agent takes a text yet.
            is_agent: whether the program takes prompts; not a shell or a command, which may read keys or lines.
            activity: the agent's activity.
            age_s: returns for how many seconds the program has run.
        """
        self.state = SendState.IDLE
        self._session, self._typist, self._effects = session, typist, session.effects
        self._watch = watch
        self._new_id = new_id
        self._open_question = open_question
        self._starting = starting
        self._is_agent, self._activity, self._age_s = is_agent, activity, age_s
        self._waiting: deque[tuple[Send, Any]] = deque()
        self._current: _CurrentRequest
        self._timers = Timers(self, self._effects)

    @property
    def is_busy(self) -> bool:
        """Whether a text is being typed, or waits for that."""
        return bool(self._waiting) or self.state not in {SendState.IDLE, SendState.PAUSING}

    # ------------------------------------------------------------ events

    def request(self, request: Send, client: Any) -> None:
        """Queue a request, to type it after the earlier ones and answer ``client``. A repeated one is typed once."""
        is_first = bool(request.token) and request.token == self._starting.first_text
        if problem := find_problem(request, is_agent=self._is_agent):
            self._effects.append(SendReply(client, problem))
            self._starting.text_done(request.token, is_typed=False)
        else:
            place = 0 if is_first else len(self._waiting)
            self._waiting.insert(place, (as_prompt(request) if self._is_agent else request, client))
        self._begin_next()

    def activity_changed(self, activity: Activity) -> None:
        """The agent reported its activity."""
        self._activity = activity
        if self.state is SendState.ENTERED and activity is not Activity.IDLE:
            began = activity in {Activity.WORKING, Activity.NEEDS_INPUT}
            self._finish_entered(Done(self._current.request.request, "" if began else TURN_UNKNOWN))

    def program_ended(self) -> None:
        """Refuse the requests that are still to be typed."""
        for request, client in self._waiting:
            ended = Failed(request.request, ErrorCode.ENDED, "the chat has ended; nothing was typed")
            self._effects.append(SendReply(client, ended))
        self._waiting.clear()

    def output(self, end: int) -> None:  # noqa: ARG002 - the offset does not matter
        """The program has written output."""
        self._current.has_changed = True
        match self.state:
            case SendState.UNSHOWN:
                self.state = SendState.CHANGING
                self._timers.start(SEARCH, SEARCH_DELAY_S)
            case SendState.UNCHANGED | SendState.QUIET | SendState.UNSETTLED as state:
                self.state = SendState.QUIET if state is SendState.UNCHANGED else SendState.UNSETTLED
                self._timers.start(SETTLE, self._current.pause_s)
            case SendState.LATE:
                self._press_enter()

    def timer_due(self, name: str) -> None:
        """A pause is over, or the program's time to show the text."""
        self._timers.expired(name)
        match name, self.state:
            case (_, SendState.PAUSING):
                self.state = SendState.IDLE
                self._begin_next()
            case (_, SendState.STARTING):
                self.state = SendState.TYPING
                self._effects.append(UseEmulator(self))
            case (_, SendState.UNSHOWN | SendState.CHANGING):
                self._current.is_time_over = self._current.is_time_over or name == ECHO
                self.state = SendState.SEARCHING
                self._timers.stop(SEARCH)
                self._request_search()
            case (_, SendState.SEARCHING):
                self._current.is_time_over = True
            case (_, SendState.ENTERED):
                self.state = SendState.LOOKING
                self._effects.append(UseEmulator(self))
            case (_, SendState.UNCHANGED):
                self.state = SendState.LATE
                self._timers.start(SETTLE, self._current.pause_s)
            case (_, SendState.QUIET | SendState.UNSETTLED) if self._activity is Activity.WORKING:
                self.state = SendState.LATE
                self._timers.stop(ENTER_ANYWAY, SETTLE)
                self._timers.start(SETTLE, ENTER_ANYWAY_S)
            case (_, SendState.QUIET) if name == ENTER_ANYWAY:
                self.state = SendState.LATE
            case _:
                self._press_enter()

    def use_emulator(self, emulator: Emulator) -> None:
        """Type the request, or search the screen for its text, with the emulator's current modes."""
        try:
            if self.state is SendState.TYPING:
                self._type(emulator)
            elif self.state is SendState.SEARCHING:
                self._search_screen(emulator)
            elif self.state is SendState.LOOKING:
                self._on_no_turn(emulator)
            else:
                self._type_enter(emulator)
        except Exception:
            self._finish(Failed(self._current.request.request, ErrorCode.FAILED, "the terminal engine failed"))
            raise

    # ------------------------------------------------------------ the text

    def _begin_next(self) -> None:
        """Begin with the next request that may be typed, unless one is being typed."""
        if self.state is not SendState.IDLE or not self._waiting:
            return
        if self._starting.first_text not in {"", self._waiting[0][0].token}:
            return
        request, client = self._waiting.popleft()
        self._current = _CurrentRequest(request, client, request.token or self._new_id(), self._watch)
        self._current.was_suspended = self._typist.continue_program()
        self.state = SendState.TYPING
        self._session.subscribers.set_listening(self, listens=True)
        self._effects.append(UseEmulator(self, after_output=bool(request.seen)))

    def _type(self, emulator: Emulator) -> None:
        current = self._current
        if current.was_suspended and self._starting.is_echoing() and current.start_checks < CONTINUED_CHECKS:
            current.start_checks += 1
            self.state = SendState.STARTING
            self._timers.start(READING, READING_POLL_S)
            return
        current.typed_at_s = self._age_s()
        if self._must_wait(emulator):
            current.start_checks += 1
            reads, held_s = self._starting.reads(), self._watch.held_within_s
            limit_s = held_s if reads else max(READING_WITHIN_S, held_s)
            if current.start_checks * READING_POLL_S <= limit_s:
                self.state = SendState.STARTING
                self._timers.start(READING, READING_POLL_S)
                return
            if not (reads and self._watch.shown_within_s):
                self._finish(Failed(current.request.request, ErrorCode.FAILED, NOT_READING))
                return
        if current.enter_token in self._typist.typed_tokens:
            # A previous host pressed Enter, too.
            self._finish(Done(current.request.request, TURN_UNKNOWN if self._is_agent else ""))
            return
        if (reply := self._why_not_again()) is not None:
            self._finish(reply)
            return
        if current.echo is not None:
            current.before, current.line_before = positions(emulator, current.echo), cursor_line(emulator)
            if current.before is not None and current.token in self._typist.typed_tokens:
                current.before = frozenset()  # A previous host typed the text.
        request = current.request
        refusal = self._type_unless_asking(emulator, request, current.token, enter=not current.is_enter_separate)
        if refusal is not None:
            self._finish(_failed(request, refusal, "nothing was typed"))
            return
        if not self._watch.shown_within_s and is_text(request):
            self._starting.accepted()
        if current.before is not None:
            self.state = SendState.SEARCHING
            self._timers.start(ECHO, self._watch.shown_within_s)
            self._request_search()
        elif not current.pause_s:
            self._await_turn()
        else:
            self._timers.start(ENTER_ANYWAY, ENTER_ANYWAY_S)
            self.state = SendState.QUIET if current.has_changed else SendState.UNCHANGED
            if current.has_changed:
                self._timers.start(SETTLE, current.pause_s)

    def _why_not_again(self) -> Failed | None:
        """Why a guarded text that was typed before gets no Enter now: it does not stand alone in the line any more."""
        current, typist = self._current, self._typist
        number, is_typed = current.request.request, current.token in typist.typed_tokens
        if not (current.request.is_guarded and is_typed) or typist.line_text == current.token:
            return None
        if typist.is_line_empty:
            return Failed(number, ErrorCode.TAKEN, TAKEN)
        return Failed(number, ErrorCode.FAILED, f"{LINE_IN_USE}; the text was typed before, without Enter")

    def _is_safe(self, emulator: Emulator) -> bool:
        """Whether a guarded text joins nothing, is one text, and gets Enter only where it is seen."""
        return self._typist.is_line_empty and emulator.modes.bracketed_paste and self._current.before is not None

    def _must_wait(self, emulator: Emulator) -> bool:
        """Whether the agent, which shows each text or its input line, would drop this text since it is starting."""
        request, watch = self._current.request, self._watch
        is_typed = self._current.token in self._typist.typed_tokens or self._session.state is ProgramState.EXITED
        is_guarded = bool(watch.shown_within_s or watch.input_line) and is_text(request) and not request.anyway
        if is_typed or not is_guarded or self._open_question() is not None:
            return False
        return self._starting.must_wait(emulator, self._current.token)

    def _request_search(self) -> None:
        """Request the emulator, to search it for the text."""
        self._current.has_changed = False
        self._current.is_last = self._current.is_time_over or self._session.state is ProgramState.EXITED
        self._effects.append(UseEmulator(self))

    def _search_screen(self, emulator: Emulator) -> None:
        current = self._current
        if current.is_shown(emulator):
            self._on_text_shown()
        elif current.is_last:
            number, enter = current.request.request, current.request.enter
            self._finish(Failed(number, ErrorCode.FAILED, NOT_SHOWN + (NO_ENTER if enter else "")))
        elif current.is_time_over:
            self._request_search()
        else:
            self.state = SendState.CHANGING if current.has_changed else SendState.UNSHOWN
            if current.has_changed:
                self._timers.start(SEARCH, SEARCH_DELAY_S)

    def _on_text_shown(self) -> None:
        current = self._current
        self._timers.stop(ECHO)
        self._starting.accepted()
        if current.pause_s:
            slow_s = min(SLOW_PAUSE * (self._age_s() - current.typed_at_s), MAX_SLOW_PAUSE_S)
            current.pause_s = max(current.pause_s, slow_s)
            self.state = SendState.QUIET
            self._timers.start(ENTER_ANYWAY, ENTER_ANYWAY_S + current.pause_s)
            self._timers.start(SETTLE, current.pause_s)
        elif current.request.enter:
            self._press_enter()
        else:
            self._finish(Done(current.request.request))

    # ------------------------------------------------------------ Enter

    def _press_enter(self) -> None:
        self.state = SendState.ENTERING
        self._timers.stop(ENTER_ANYWAY, SETTLE)
        self._session.subscribers.set_listening(self, listens=False)
        self._effects.append(UseEmulator(self, after_output=True))

    def _type_enter(self, emulator: Emulator) -> None:
        """Press Enter. If this host dies first, the client repeats the request, and the next host presses Enter."""
        current, number = self._current, self._current.request.request
        refusal = self._type_unless_asking(emulator, Send(number, enter=True), current.enter_token, enter=True)
        if refusal is not None:
            # Not NEEDS_INPUT: if the client repeated the whole request, the text would be typed twice.
            refusal = refusal._replace(code=ErrorCode.FAILED)
            self._finish_entered(_failed(current.request, refusal, "the text was typed, but not Enter"))
        else:
            self._await_turn()

    def _await_turn(self) -> None:
        """Enter was pressed: wait until an idle agent begins a turn, or say that this is not known."""
        request = self._current.request
        self._starting.text_done(self._current.token, is_typed=True)
        if not (self._is_agent and request.text and request.enter):
            self._finish_entered(Done(request.request))
        elif self._activity is not Activity.IDLE or self._may_be_command(request.text):
            self._finish_entered(Done(request.request, TURN_UNKNOWN))
        else:
            self.state = SendState.ENTERED
            self._timers.start(TURN, TURN_WITHIN_S)

    def _may_be_command(self, text: str) -> bool:
        return command_sign(text, self._watch.command_prefixes) is not None

    def _on_no_turn(self, emulator: Emulator) -> None:
        """No turn began in time: the agent shows the text in its place still, or the turn was too short to see."""
        current = self._current
        number, is_there = current.request.request, current.is_in_place(emulator)
        self._finish_entered(Failed(number, ErrorCode.FAILED, NO_TURN) if is_there else Done(number, TURN_UNKNOWN))

    def _finish_entered(self, reply: Reply) -> None:
        self._finish(reply, pause_s=self._current.pause_s)

    # ------------------------------------------------------------ rules

    def _type_unless_asking(self, emulator: Emulator, request: Send, token: str, *, enter: bool) -> _Refusal | None:
        """Type the bytes, unless a previous attempt typed them, or the chat has an open question."""
        original, current = self._current.request, self._current
        is_new = token not in self._typist.typed_tokens
        if original.is_own and token == current.token and not (is_new and self._is_safe(emulator)):
            return _Refusal(ErrorCode.NOT_ALLOWED, LINE_NOT_EMPTY)
        if original.is_guarded and token == current.token and is_new and not self._is_safe(emulator):
            return _Refusal(ErrorCode.FAILED, LINE_IN_USE)
        if current.is_guarded and token == current.enter_token and self._typist.line_text != current.token:
            return _Refusal(ErrorCode.FAILED, JOINED)
        if is_new and original.seen and token == current.token and not _is_seen(emulator, original):
            return _Refusal(ErrorCode.CHANGED, "the screen has changed since you saw it")
        if is_new and is_text(original) and not original.anyway:
            open_question = self._open_question()
            if open_question is None and self._starting.asks(emulator):
                open_question = ""
            if open_question is not None:
                what = f"“{open_question}”" if open_question else "something"
                return _Refusal(ErrorCode.NEEDS_INPUT, f"the chat is asking {what}")
            if token == current.token and self._typist.has_unsent(emulator):
                return _Refusal(ErrorCode.LINE_IN_USE, UNSENT)
            if token == current.token and original.text:
                holds_others = self._typist.holds_others(emulator)
                if holds_others and _ends_with_enter(original):
                    return _Refusal(ErrorCode.LINE_IN_USE, OTHERS)
                current.may_join = holds_others is None and _ends_with_enter(original)
            if token == current.enter_token and not current.is_shown(emulator):
                return _Refusal(ErrorCode.FAILED, COVERED)
        if not self._typist.type_bytes(encode_request(emulator, request, enter=enter), token, original.by):
            return _Refusal(ErrorCode.INPUT_FULL, "the program is not reading its input")
        return None

    def _finish(self, reply: Reply, *, pause_s: float = 0.0) -> None:
        """Answer the client; the next request follows after a pause."""
        if isinstance(reply, Failed) and self._current.line:
            self._typist.note_unsent(self._current.line)
        if isinstance(reply, Done) and self._current.may_join:
            reply = msgspec.structs.replace(reply, note="; ".join(filter(None, (reply.note, MAY_JOIN))))
        self._starting.text_done(self._current.token, is_typed=isinstance(reply, Done))
        self._session.subscribers.set_listening(self, listens=False)
        self._timers.stop(ECHO, SEARCH, ENTER_ANYWAY, SETTLE, TURN)
        self._effects.append(SendReply(self._current.client, reply))
        if pause_s:
            self.state = SendState.PAUSING
            self._timers.start(PAUSE, pause_s)
        else:
            self.state = SendState.IDLE
            self._begin_next()


def _is_seen(emulator: Emulator, request: Send) -> bool:
    """Whether the screen is the one that the user saw."""
    return screen_hash(screen_of(emulator, Peek(request.request, ansi=True))) == request.seen


def _failed(request: Send, refusal: _Refusal, outcome: str) -> Failed:
    return Failed(request.request, refusal.code, f"{refusal.reason}; {outcome}")


# ---------------------------------------------------------------- the bytes of a request

_INNER_LINE_END = re.compile("[\r\n\u2028\u2029]+[^\r\n]")


def find_problem(request: Send, *, is_agent: bool) -> Failed | None:
    """The error in the request's values; None if they are valid.

    For an agent (``is_agent``), a blank text is no prompt: the Enter that follows it, or is all of it, would confirm
    what stands on the screen. A shell gets a blank line.
    """
    if len(request.text) > MAX_PASTE_CHARACTERS:
        return Failed(
            request.request, ErrorCode.TOO_LARGE, f"the text is too long (at most {MAX_PASTE_CHARACTERS} characters)"
        )
    is_blank = bool(request.text) and not request.text.strip()
    if is_agent and is_blank and (_ends_with_enter(request) or set(request.text) & {"\r", "\n"}):
        words = "the text is blank, and would press Enter; to press only Enter, leave the text out"
        return Failed(request.request, ErrorCode.BAD_REQUEST, words)
    if not is_token(request.token):
        return Failed(request.request, ErrorCode.BAD_REQUEST, "a token is 32 hexadecimal digits")
    for name in request.keys:
        try:
            parse_key(name)
        except ValueError as error:
            return Failed(request.request, ErrorCode.BAD_REQUEST, str(error))
    return None


def is_text(request: Send) -> bool:
    """Whether the request is more than keys; one character by itself is a key, such as the "y" that answers."""
    alone = not (request.enter or request.keys or request.paste)
    return len(request.text) > (1 if alone else 0)


def _ends_with_enter(request: Send) -> bool:
    """Whether the request, which has a text, presses Enter behind it."""
    return request.enter or "Enter" in request.keys or request.text.endswith(("\r", "\n"))


def as_prompt(request: Send) -> Send:
    """A request to an agent: several lines are one paste, and the last line end is Enter.

    Typed, each line would be a prompt of its own. Directly behind a text, agents take Enter for a part of it.
    """
    text = request.text
    if not request.paste and not request.keys and text.endswith(("\r", "\n")):
        text = text.removesuffix("\n").removesuffix("\r")
        request = msgspec.structs.replace(request, text=text, enter=True)
    return msgspec.structs.replace(request, paste=request.paste or _has_several_lines(text))


def encode_request(emulator: Emulator, request: Send, *, enter: bool) -> bytes:
    """The bytes for the program, by the modes that it has set; ``enter``: with Enter, if it is asked for."""
    pieces: list[bytes] = []
    if request.text:
        pieces.append(encode_paste(request.text, emulator.modes) if _is_pasted(request) else typed(request.text))
    for name in [*request.keys, *(["Enter"] if request.enter and enter else [])]:
        key, text, modifiers = parse_key(name)
        pieces.append(encode_key(Key("", 0, key, text, int(modifiers)), emulator.modes))
    return b"".join(pieces)


def _is_pasted(request: Send) -> bool:
    """Whether the text is pasted: several lines are one text; control characters, such as an Escape, are typed keys."""
    is_plain = request.enter and not request.keys and not has_controls(request.text)
    return request.paste or is_plain or (request.enter and _has_several_lines(request.text))


def _has_several_lines(text: str) -> bool:
    return _INNER_LINE_END.search(text) is not None


def is_token(text: str) -> bool:
    """Whether a token is valid: 32 hexadecimal digits, or "" for a request without a token."""
    return not text or (len(text) == 32 and all(each in "0123456789abcdef" for each in text))


def typed(text: str) -> bytes:
    """Text as a keyboard would type it: a line end is the Enter key."""
    return text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "replace")
