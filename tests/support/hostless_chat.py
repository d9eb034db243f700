"""A structured chat with a real agent process, but no host: the rules, their transcript and the agent's pipes."""

from __future__ import annotations

import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from session_host.host.operations.files import FileRefused, read_text, write_text
from session_host.protocol.messages import AnswerRequest, ChangeSetting, ChatInput, Interrupt, Prompt
from session_host.structured.answers import Refusal
from session_host.structured.dialects.base import Dialect, DialectPort, Start
from session_host.structured.items import AgentRequest, Item, ItemKind, digest
from session_host.structured.lines import LineSplitter
from session_host.structured.operations import AnyOperation, OperationDone, ReadText, WriteText
from session_host.structured.rules import QUIET, STOPPING, Step, StructuredRules
from session_host.structured.transcript import Transcript

DEADLINE_S = 60.0


class HostlessChat:
    """One chat with one agent process, without a host. A context manager.

    Attributes:
        transcript: the transcript, with the changes of all steps.
        sent: all messages to the agent.
        operations: the operations that the agent has requested.
        timers: names and seconds of the dialect's timers, which expire at once.
        failure: the reason why the chat cannot continue; "" if it can.
    """

    def __init__(
        self,
        dialect: Callable[[DialectPort], Dialect],
        start: Start,
        argv: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        prefix: str = "me",
        transcript: Transcript | None = None,
    ) -> None:
        self._dialect, self._start, self._prefix = dialect, start, prefix
        self.rules = StructuredRules(dialect, start, prefix)
        self.transcript = transcript or Transcript()
        self.sent: list[Any] = []
        self.operations: list[AnyOperation] = []
        self.timers: list[tuple[str, float]] = []
        self.failure = ""
        self.ended = False
        self._lines = LineSplitter()
        self._due: list[str] = []
        self.process = subprocess.Popen(
            argv,
            cwd=start.directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._take(self.rules.begin(self._now_ms()))

    # ------------------------------------------------------------ steps

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def _take(self, step: Step) -> Step:
        for change in step.changes:
            self.transcript.apply(change, self._now_ms())
        self.sent += [msgspec.json.decode(line) for line in step.lines.splitlines()]
        self.failure = self.failure or step.failure
        timers = [timer for timer in step.timers if timer[0] not in {QUIET, STOPPING}]
        self.timers += timers
        self._due += [name for name, _ in timers]
        self.operations += step.operations
        if step.lines and not self.ended and self.process.stdin is not None:
            try:
                self.process.stdin.write(step.lines)
            except BrokenPipeError:
                pass
        for operation in step.operations:
            self._take(self.rules.result(self._done(operation), self._now_ms()))
        return step

    def _done(self, operation: AnyOperation) -> OperationDone:
        """Carry out an operation and return its result; files are supported, terminals are not."""
        root = self._start.directory
        try:
            match operation:
                case ReadText():
                    return OperationDone(operation.id, read_text(root, operation.path, operation.line, operation.lines))
                case WriteText():
                    write_text(root, operation.path, operation.text, 0o022)
                    return OperationDone(operation.id)
                case _:
                    return OperationDone(operation.id, error="no terminals here")
        except FileRefused as error:
            return OperationDone(operation.id, error=str(error), missing=error.missing)

    def read(self, timeout_s: float = 1.0) -> None:
        """Handle one due timer or one piece of the agent's output; the end of the output ends the chat."""
        if self._due:
            self._take(self.rules.timer_due(self._due.pop(0), self._now_ms()))
            return
        output = self.process.stdout
        assert output is not None
        if self.ended or not select.select([output], [], [], timeout_s)[0]:
            return
        data = output.read(65536)
        lines = self._lines.feed(data) if data else self._lines.finish()
        if lines:
            self._take(self.rules.receive_lines(lines, self._now_ms()))
        if not data:
            self.ended = True
            self.process.wait()
            self._take(self.rules.end(self._now_ms()))

    def until(self, condition: Callable[[], object], timeout_s: float = DEADLINE_S) -> None:
        """Read until a condition holds.

        Raises:
            TimeoutError: the condition does not hold in time.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline or self.ended:
                raise TimeoutError(f"not so: {self.transcript.status}, {list(self.transcript)[-5:]}")
            self.read()

    def reload(self) -> None:
        """Continue with new rules that load the current ones' saved state."""
        state, dialect = self.rules.save()
        self.rules = StructuredRules(self._dialect, self._start, self._prefix)
        self.rules.load(state, dialect)

    # ------------------------------------------------------------ user's input

    def do(self, chat_input: ChatInput) -> Refusal | None:
        """Give the chat a window's input."""
        return self._take(self.rules.receive_input(chat_input, self._now_ms(), by="window")).refusal

    def prompt(self, text: str, mode: str = "queue") -> None:
        """Send a prompt."""
        assert self.do(Prompt(text, mode)) is None  # type: ignore[arg-type]

    def interrupt(self) -> None:
        """Interrupt the turn."""
        assert self.do(Interrupt()) is None

    def change(self, setting: str, value: str) -> None:
        """Change a setting."""
        assert self.do(ChangeSetting(setting, value)) is None

    def answer(self, request: AgentRequest, option: str, texts: dict[str, str] | None = None) -> None:
        """Answer a request."""
        assert self.do(AnswerRequest(request.id, option, digest(request), texts or {})) is None

    def turn(self, text: str) -> Item:
        """Send a prompt and wait for its turn's end; return the last item."""
        self.prompt(text)
        self.until_idle()
        return self.transcript[len(self.transcript) - 1]

    def until_idle(self) -> None:
        """Wait until the agent is idle and no prompt is queued."""

        def is_idle() -> bool:
            state = self.rules.state
            return state.state == "idle" and not (state.queue or state.in_flight or state.steering)

        self.until(is_idle)

    def until_asked(self) -> AgentRequest:
        """Wait for a request; return the oldest one."""
        self.until(lambda: self.transcript.open_requests)
        return self.transcript.open_requests[0]

    def until_ended(self) -> None:
        """Wait for the agent's end."""
        deadline = time.monotonic() + DEADLINE_S
        while not self.ended:
            if time.monotonic() > deadline:
                raise TimeoutError("the agent has not ended")
            self.read()

    # ------------------------------------------------------------ shown items

    def texts(self, kind: ItemKind) -> list[str]:
        """The texts of all items of a kind."""
        return [each.text for each in self.transcript if each.kind == kind]

    def statuses(self, kind: ItemKind) -> list[str]:
        """The statuses of all items of a kind."""
        return [each.status for each in self.transcript if each.kind == kind]

    def kinds(self) -> list[str]:
        """The kinds of all items, in order."""
        return [each.kind for each in self.transcript]

    # ------------------------------------------------------------ the end

    def end(self) -> None:
        """End the process gracefully, as a host does, so that it may save its state."""
        self.process.terminate()
        self.until_ended()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def received(log: Path) -> list[dict[str, Any]]:
    """The messages that a fake agent has logged."""
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()] if log.exists() else []
