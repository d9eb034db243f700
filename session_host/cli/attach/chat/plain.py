"""Shows a structured chat line by line: on a terminal without a cursor (TERM=dumb), or with ``--plain``."""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

from session_host.cli.attach.outer_signals import OuterSignals
from session_host.cli.attach.signal_queue import SignalQueue
from session_host.cli.attach.view import UNRESPONSIVE, AttachView, Ending, EndingKind
from session_host.cli.output import one_line
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import ActivityEvent, Event, InputRefused, NameEvent

from .attention import Attention
from .line_log import LineLog
from .question import Question

_READ_BYTES: Final = 65536


class PlainChat(AttachView):
    """Prints new lines, and sends each line that the user writes; the viewer's delegate."""

    def __init__(self, session_id: str, name: str, *, read_only: bool) -> None:
        super().__init__(name, read_only=read_only)
        self._log = LineLog()
        self._question: Question | None = None
        self._unfinished = b""
        self._is_unresponsive = False
        self._signals = SignalQueue(session_id, lambda signal: self._write(signal.decode()))
        self._attention = Attention(OuterSignals(os.environ), self._signals, lambda: self._name)
        self._viewer = Viewer(session_id, self, read_only=read_only, kind="attach", runtime="structured")

    async def _follow(self) -> Ending:
        self._end_on_signals(signal.SIGTERM, signal.SIGHUP)
        self._loop.add_signal_handler(signal.SIGINT, self._interrupt)
        self._loop.add_reader(sys.stdin.fileno(), self._read)
        self._print([f"[{self._name}: Enter sends, Ctrl+C interrupts, Ctrl+D detaches]"])
        self._viewer.start()
        try:
            return await self._ending
        finally:
            self._loop.remove_reader(sys.stdin.fileno())
            self._viewer.close()
            self._attention.close()
            await self._signals.finish()

    def _print(self, lines: list[str]) -> None:
        self._write("".join(f"{line}\n" for line in lines))

    def _write(self, text: str) -> None:
        try:
            print(text, end="", flush=True)
        except OSError:
            self._end(EndingKind.TERMINAL_GONE)

    # ------------------------------------------------------------ input

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), _READ_BYTES)
        except OSError:
            self._end(EndingKind.TERMINAL_GONE)
            return
        if not data:
            self._end(EndingKind.DETACHED)
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").strip())

    def _line(self, text: str) -> None:
        question = self._question
        if not text:
            return
        if self._read_only:
            self._print(["read-only: Ctrl+D detaches"])
        elif question is not None and question.takes_text:
            if problem := question.problem_of_text(text):
                self._print([problem])
            elif answer := question.by_text(text):
                self._viewer.answer_request(*answer)
            else:
                self._print([question.hint])
        elif question is not None and question.has_key(text):
            self._answer_by_key(question, text)
        else:
            self._log.sent(text)
            self._viewer.prompt(text)

    def _answer_by_key(self, question: Question, key: str) -> None:
        problem = question.problem(key, self._loop.time())
        answer = None if problem else question.by_key(key)
        if answer is not None:
            self._viewer.answer_request(*answer)
        else:
            self._print([problem])

    def _interrupt(self) -> None:
        transcript = self._viewer.transcript
        if transcript is not None and transcript.status.is_running and not self._read_only:
            self._viewer.interrupt()
        else:
            self._print(["nothing is running; Ctrl+D detaches"])

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """Print why the viewer is not live; end with it in a final state."""
        was_unresponsive, self._is_unresponsive = self._is_unresponsive, state is ViewerState.UNRESPONSIVE
        if state is ViewerState.RECONNECTING:
            self._print([f"[reconnecting… {one_line(message)}]"])
        elif self._is_unresponsive:
            self._print([f"[{one_line(message or UNRESPONSIVE)}; what you send is kept]"])
        elif state is ViewerState.LIVE and was_unresponsive:
            self._print(["[the chat answers again]"])
        else:
            self._end_if_final(state, message)

    def viewer_replaced(self) -> None:
        """Print what is new in the snapshot."""
        self.viewer_damaged()

    def viewer_damaged(self) -> None:
        """Print what is new."""
        transcript = self._viewer.transcript
        if transcript is None:
            return
        waiting = transcript.open_requests
        if not waiting:
            self._question = None
        elif self._question is None or self._question.request != waiting[0]:
            self._question = Question(waiting[0])
        if lines := self._log.take(transcript, self._question):
            self._print(lines)
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
