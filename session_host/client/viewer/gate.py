"""The gate for the user's input: when it is sent, and when it is kept or refused. Pure.

What the user types while the session's machine is not connected, they type without seeing the screen (blindly). It is
refused, or kept and sent once, unless the program asks something that it did not ask before: then the user decides.

States::

    SHUT ──attached──▶ OPEN; with blind input JUDGING, and before that WAITING while the program does not run
    WAITING ──the program runs──▶ JUDGING
    JUDGING ──the program asks nothing new──▶ OPEN
    JUDGING ──it does──▶ ASKING ──the user decides, or the question is answered──▶ OPEN
    any ──the connection is lost, or the chat has ended──▶ SHUT
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from session_host.protocol.messages import AcceptRefusal, ActivityEvent, Input, InputRefused, Interrupt, Mouse
from session_host.protocol.values import Activity, ErrorCode, MouseAction

from .answer_watch import AnswerWatch
from .effects import Effect, NotifyRefusal, SendMessage
from .line import Line
from .state import ViewerState
from .unacknowledged_input import UnacknowledgedInput, is_typed

_UNSEEN_STATES = frozenset({ViewerState.CONNECTING, ViewerState.RECONNECTING, ViewerState.UNREACHABLE})
"""States of a viewer on another machine in which the user does not see the screen as it is."""


class GateState(msgspec.Struct, frozen=True):
    """Base of the states."""


class Shut(GateState, frozen=True):
    """The host does not have the viewer attached, and has not reported its last input.

    Missing inputs must be sent before newer ones: the host ignores an input with a lower sequence than the last one.
    """

    is_blind: bool = False
    """Whether some of the kept input was typed blindly."""
    owes_acceptance: bool = False
    """Whether to tell the host, at the next attach, that it may accept input again."""


class Waiting(GateState, frozen=True):
    """Blind input is kept for a program that is being started."""


class Judging(GateState, frozen=True):
    """The host's report of the activity decides if the blind input is sent; it is the next event."""


class Asking(GateState, frozen=True):
    """The program asks something new: the user decides."""


class Open(GateState, frozen=True):
    """Input is sent at once."""


class Gate:
    """The gate's state, and the input that the host has not acknowledged.

    Attributes:
        now: the present state.
    """

    def __init__(
        self,
        effects: list[Effect],
        line: Line,
        inputs: UnacknowledgedInput,
        answers: AnswerWatch,
        *,
        is_far: bool,
        keeps_typing: Callable[[], bool],
    ) -> None:
        """Begin shut.

        Args:
            effects: the viewer's list of effects.
            line: what the user sees of it.
            inputs: keeps the input.
            answers: watches for the acknowledgement of what is sent.
            is_far: whether the session is on another machine.
            keeps_typing: returns whether to keep what is typed while that machine cannot be reached.
        """
        self._effects, self._line, self._inputs, self._answers = effects, line, inputs, answers
        self._is_far, self._keeps_typing = is_far, keeps_typing
        self.now: GateState = Shut()
        self._question_since = ""

    @property
    def asks_to_send(self) -> bool:
        """Whether the kept input waits for ``send_kept`` or ``discard_kept``, since the program asks something new."""
        return isinstance(self.now, Asking)

    # ------------------------------------------------------------ the line

    def attached(self, attachment: str, last_sequence: int, *, runs: bool) -> None:
        """The host has attached the viewer, and has its inputs up to this one; ``runs``: the program runs."""
        inputs = self._inputs
        if attachment != inputs.attachment:
            self._effects += map(NotifyRefusal, inputs.reset_attachment(attachment))
        else:
            inputs.acknowledge(last_sequence)
        if isinstance(self.now, Shut) and self.now.owes_acceptance:
            self._effects.append(SendMessage(AcceptRefusal(attachment)))
        # Also what was sent into a line that stalled was typed without seeing the screen.
        if not self._is_far or not inputs.has_keys:
            self._open()
        else:
            self.now = Judging() if runs else Waiting()

    def program_runs(self) -> None:
        """The program that was being started runs."""
        if isinstance(self.now, Waiting):
            self.now = Judging()

    def lost(self) -> None:
        """The connection is closed."""
        if not isinstance(self.now, Shut):
            self.now = Shut(is_blind=not isinstance(self.now, Open))

    def finish(self) -> None:
        """The chat has ended: refuse what was typed blindly."""
        match self.now:
            case Shut(is_blind=True) | Waiting() | Judging() | Asking():
                self.now = Shut()
                text = "what you typed while its machine was unreachable was not sent"
                self._effects += [
                    NotifyRefusal(InputRefused(self._inputs.attachment, each.sequence, ErrorCode.ENDED, text))
                    for each in self._inputs.discard()
                ]

    def _open(self) -> None:
        self._effects += map(SendMessage, self._inputs.pending())
        self.now = Open()

    # ------------------------------------------------------------ input

    def receive(self, message: Input) -> None:
        """Keep an input, and send it as soon as the host takes it."""
        now, shown = self.now, self._line.shown
        is_unseen = self._is_far and not isinstance(now, Open) and shown in _UNSEEN_STATES
        kept = self._keep_unseen(message) if is_unseen else self._inputs.append(message)
        is_counted = shown is ViewerState.UNRESPONSIVE
        if isinstance(kept, InputRefused):
            self._effects.append(NotifyRefusal(kept))
        elif isinstance(now, Open):
            self._effects += map(SendMessage, kept)
            if not self._answers.is_timed and shown is ViewerState.LIVE:
                self._answers.start()
        elif kept and isinstance(now, Judging | Asking):
            is_counted = True
        elif kept and isinstance(now, Shut) and is_unseen and is_typed(message):
            self.now = replace(now, is_blind=True)
            is_counted = True
        if is_counted and is_typed(message):
            self._line.show_again()

    def _keep_unseen(self, message: Input) -> list[Input] | InputRefused:
        """Take an input that the user makes without seeing the screen."""
        text = "its machine is unreachable"
        if isinstance(message, Mouse) and message.action is not MouseAction.RELEASE:
            return []  # Something else may be under the mouse by then.
        if isinstance(message, Interrupt):  # Of this turn, not of a later one.
            return InputRefused(message.attachment, message.sequence, ErrorCode.UNREACHABLE, text)
        if is_typed(message) and self._line.shown is not ViewerState.CONNECTING and not self._keeps_typing():
            return self._inputs.refuse(message, ErrorCode.UNREACHABLE, text)
        added = self._inputs.append(message)
        if isinstance(added, InputRefused) and added.code == ErrorCode.INPUT_FULL:
            return replace(added, message=f"{text}, and too much waits for it")
        return added

    def note_activity(self, event: ActivityEvent) -> None:
        """Send the kept input, unless the program asks something that the user has not seen."""
        question_since = event.status.since if event.status.activity is Activity.NEEDS_INPUT else ""
        match self.now:
            case Judging() | Asking() if question_since in {"", self._question_since}:
                self.send_kept()
            case Judging():
                self.now = Asking()
                self._line.show_again()
            case Shut() | Waiting() | Open():
                self._question_since = question_since

    def send_kept(self) -> None:
        """Send the input that was typed while the machine could not be reached."""
        if isinstance(self.now, Judging | Asking):
            self._line.show_again()
            self._open()
            if self._line.shown is ViewerState.LIVE:
                self._answers.start()

    def discard_kept(self) -> None:
        """Drop the input that the host does not have, as far as is known."""
        self._inputs.discard()
        match self.now:
            case Waiting() | Judging() | Asking():
                self._open()
            case Shut(is_blind=True) as now:
                self.now = replace(now, is_blind=False)
        self._line.show_again()
        self._accept_refusal()  # The host may have a part of a paste.

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: accept input again."""
        self._inputs.is_holding = False
        self._accept_refusal()

    def _accept_refusal(self) -> None:
        if isinstance(self.now, Shut):
            self.now = replace(self.now, owes_acceptance=True)
        else:
            self._effects.append(SendMessage(AcceptRefusal(self._inputs.attachment)))
