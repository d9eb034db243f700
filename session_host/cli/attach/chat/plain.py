"""Shows a structured chat line by line: on a terminal without a cursor (TERM=dumb), or with ``--plain``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
from contextlib import suppress
from typing import Final

from session_host.cli.attach.signals import Attention, OuterSignals, SignalQueue
from session_host.cli.attach.view_end import UNRESPONSIVE, Ending, EndingKind, ViewEnd
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import (
    ActivityEvent,
    Event,
    InputRefused,
    Interrupt,
    NameEvent,
    PassAmount,
    Prompt,
    ReleaseHeld,
)
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import BETWEEN_TURNS, IN_QUEUE
from session_host.structured.text import (
    Answered,
    allowed_ms,
    answer_line,
    answered,
    item_lines,
    request_lines,
    state_line,
)
from session_host.structured.transcript import Transcript

from .question import ShownQuestion

FIRST_LINES = 20
"""How many lines of an existing transcript are printed at the beginning."""


class LineLog:
    """Finds the lines that are complete and not printed yet.

    Items are printed in order. A message that is streamed is printed line by line, each line when it is complete. Other
    items are printed when they are complete, prompts when they leave the queue.
    """

    def __init__(self) -> None:
        self._transcript: Transcript | None = None
        self._index = 0
        """The position of the first item that is not wholly printed."""
        self._lines = 0
        """How many lines of it are printed."""
        self._sent: list[str] = []
        self._asked: set[str] = set()
        self._answered: set[str] = set()
        self._state = ("", "")

    def sent(self, text: str) -> None:
        """Note a prompt that the user typed in this terminal: it is visible, so its item is not printed."""
        self._sent.append(text)

    def take(self, transcript: Transcript, question: ShownQuestion | None) -> list[str]:
        """The new lines."""
        lines = [] if transcript is self._transcript else self._begin(transcript)
        answers = answered(transcript)
        while self._index < len(transcript):
            item = transcript[self._index]
            is_done = item.status != "running"
            if item.status in IN_QUEUE or (not is_done and item.kind != "agent"):
                break
            item_texts = _item_texts(transcript, self._index, answers)
            if item.kind == "user" and item.text in self._sent:
                self._sent.remove(item.text)
                item_texts = []
            lines += item_texts[self._lines :] if is_done else item_texts[self._lines : -1]
            if not is_done:
                self._lines = max(self._lines, len(item_texts) - 1)
                break
            self._index, self._lines = self._index + 1, 0
        return lines + self._requests(transcript, question) + self._state_change(transcript)

    def _begin(self, transcript: Transcript) -> list[str]:
        """Begin with the end of a transcript; with a later state of the same transcript, continue at the same item."""
        is_first, self._transcript = self._transcript is None, transcript
        if not is_first:
            self._index = min(self._index, len(transcript))
            return []
        while self._index < len(transcript) and transcript[self._index].status not in {"running", *IN_QUEUE}:
            self._index += 1
        self._answered = set(transcript.answers)
        positions, answers = range(max(0, self._index - FIRST_LINES), self._index), answered(transcript)
        return [text for position in positions for text in _item_texts(transcript, position, answers)][-FIRST_LINES:]

    def _requests(self, transcript: Transcript, question: ShownQuestion | None) -> list[str]:
        lines = []
        for answer in transcript.answers.values():
            if answer.id not in self._answered and answer.id in transcript.requests:
                self._answered.add(answer.id)
                lines.append(answer_line(transcript.requests[answer.id], answer))
        if question is not None and question.request.id not in self._asked:
            self._asked.add(question.request.id)
            lines += [line.text for line in request_lines(question.request, keys=question.keys)]
            lines.append(question.hint if question.takes_text else f"{question.hint} (and Enter)")
        return lines

    def _state_change(self, transcript: Transcript) -> list[str]:
        status = transcript.status
        # A short turn may have begun and ended since the last call.
        turn = status.last_turn.turn if status.state in BETWEEN_TURNS and status.last_turn is not None else ""
        if status.state in {"requires_action", "ended"} or (status.state, turn) == self._state:
            return []
        self._state = (status.state, turn)
        texts = {"starting": "◐ Starting…", "running": "◐ Working…"}
        return [texts.get(status.state) or state_line(transcript) or "○ Idle"]


def _item_texts(transcript: Transcript, position: int, answers: Answered) -> list[str]:
    item = transcript[position]
    return [line.text for line in item_lines(item, allowed_ms=allowed_ms(item, answers.get(position, ())))]


_READ_BYTES: Final = 65536


class PlainChat:
    """Prints new lines, and sends each line that the user writes; the viewer's delegate. Made in a running loop."""

    def __init__(self, session_id: str, name: str, *, read_only: bool, machine: Machine = THIS_MACHINE) -> None:
        self._name, self._read_only = name, read_only
        self._loop, self._end = asyncio.get_running_loop(), ViewEnd()
        self._log = LineLog()
        self._question: ShownQuestion | None = None
        self._unfinished = b""
        self._said_waits = False
        self._is_unresponsive = False
        self._signals = SignalQueue(session_id, lambda signal: self._write(signal.decode()))
        self._attention = Attention(OuterSignals(os.environ), self._signals, lambda: self._name)
        self._viewer = Viewer(
            session_id, self, read_only=read_only, kind="attach", runtime="structured", machine=machine
        )

    async def run(self) -> Ending:
        """Follow the chat until an end; returns how it ended."""
        self._end.set_by_signals(signal.SIGTERM, signal.SIGHUP)
        self._loop.add_signal_handler(signal.SIGINT, self._interrupt)
        self._loop.add_reader(sys.stdin.fileno(), self._read)
        self._print([f"[{self._name}: Enter sends, Ctrl+C interrupts, Ctrl+D detaches]"])
        self._viewer.start()
        try:
            ending = await self._end.wait()
        finally:
            self._loop.remove_reader(sys.stdin.fileno())
            self._echo(is_on=True)
            self._viewer.close()
            self._attention.close()
            await self._signals.finish()
        return ending._replace(name=self._name, undelivered=await self._viewer.delivery.wait())

    def _print(self, lines: list[str]) -> None:
        self._write("".join(f"{line}\n" for line in lines))

    def _write(self, text: str) -> None:
        try:
            print(text, end="", flush=True)
        except OSError:
            self._end.set(EndingKind.TERMINAL_GONE)

    # ------------------------------------------------------------ input

    def _echo(self, *, is_on: bool) -> None:
        """Let the terminal show what is typed, or hide it: the answer to a secret question."""
        with suppress(termios.error):  # The terminal is gone.
            modes = termios.tcgetattr(sys.stdin.fileno())
            local = modes[3] | termios.ECHO if is_on else modes[3] & ~termios.ECHO
            if local != modes[3]:
                modes[3] = local
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), _READ_BYTES)
        except OSError:
            self._end.set(EndingKind.TERMINAL_GONE)
            return
        if not data:
            self._end.set(EndingKind.DETACHED)
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").strip())

    def _line(self, text: str) -> None:
        question = self._question
        if not text:
            transcript = self._viewer.replica.transcript
            if transcript is not None and transcript.held and not self._read_only:
                asked = transcript.asked_about
                self._viewer.send(PassAmount(asked.id) if asked is not None else ReleaseHeld())
            return
        if self._read_only:
            self._print(["read-only: Ctrl+D detaches"])
        elif question is not None and question.takes_text:
            if problem := question.problem_of_text(text):
                self._print([problem])
            elif answer := question.by_text(text):
                self._viewer.send(answer)
                self._echo(is_on=True)
            else:
                self._print([question.hint])
                self._echo(is_on=not question.is_secret)
        elif question is not None and question.has_key(text):
            self._answer_by_key(question, text)
        else:
            self._log.sent(text)
            self._viewer.send(Prompt(text))

    def _answer_by_key(self, question: ShownQuestion, key: str) -> None:
        problem = question.problem(key, self._loop.time())
        answer = None if problem else question.by_key(key)
        if answer is not None:
            self._viewer.send(answer)
        else:
            self._print([problem])

    def _interrupt(self) -> None:
        transcript = self._viewer.replica.transcript
        if transcript is not None and transcript.status.is_running and not self._read_only:
            self._viewer.send(Interrupt())
        elif self._held and not self._read_only:
            self._viewer.send(ReleaseHeld(discard=True))
        else:
            self._print(["nothing is running; Ctrl+D detaches"])

    @property
    def _held(self) -> int:
        return self._viewer.replica.transcript.held if self._viewer.replica.transcript is not None else 0

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """Print why the viewer is not live; end with it in a final state."""
        was_unresponsive, self._is_unresponsive = self._is_unresponsive, state is ViewerState.UNRESPONSIVE
        if state is ViewerState.UNREACHABLE:
            self._print([f"[{one_line(message)}; the chat may run on, and what you send is kept]"])
        elif state is ViewerState.RECONNECTING:
            self._print([f"[reconnecting… {one_line(message)}]"])
        elif self._is_unresponsive:
            self._print([f"[{one_line(message or UNRESPONSIVE)}; what you send is kept]"])
        elif state is ViewerState.LIVE and was_unresponsive:
            self._print(["[the chat answers again]"])
        else:
            self._end.set_by_state(self._viewer, state, message)

    def viewer_replaced(self) -> None:
        """Print what is new in the snapshot."""
        self.viewer_damaged()

    def viewer_damaged(self) -> None:
        """Print what is new."""
        transcript = self._viewer.replica.transcript
        if transcript is None:
            return
        waiting = transcript.open_requests
        if not waiting:
            self._question = None
        elif self._question is None or self._question.request != waiting[0]:
            self._question = ShownQuestion(waiting[0])
        self._echo(is_on=self._question is None or not self._question.is_secret)
        if lines := self._log.take(transcript, self._question):
            self._print(lines)
        waits = bool(transcript.held) and not transcript.status.is_running
        if waits and not self._said_waits and not self._read_only:
            self._print(["[Enter sends what waits, Ctrl+C discards it]"])
        self._said_waits = waits
        if self._question is not None:
            self._question.note_seen(range(1), 1, self._loop.time())

    def viewer_event(self, event: Event) -> None:
        """Note a new name of the chat; ring and notify when the agent asks or has finished a long turn."""
        if isinstance(event, NameEvent):
            self._name = event.name
        elif isinstance(event, ActivityEvent):
            self._attention.take(event)

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Print why an input was refused."""
        self._print([f"refused: {one_line(refusal.message)}"])
