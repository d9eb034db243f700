"""The setup of a chat's worktree: shows the command's run, asks after a failure, then starts the agent's dialect.

The program on the other side is ``session_host.worktree_setup``; its docstring defines the lines. The agent's own
dialect begins after the line "start", and gets everything from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from session_host.protocol.launch import SETUP_DETAIL, WorktreeSetup
from session_host.structured.items import (
    AgentRequest,
    Append,
    Item,
    Put,
    RequestOpened,
    RequestOption,
    SetStatus,
    StateChanged,
)
from session_host.structured.operations import AnyResult

from .base import Chosen, Dialect, DialectPort, Start, UserPrompt

KEY: Final = "worktree_setup"
OPTIONS: Final = (
    RequestOption("again", "Try again", "choice"),
    RequestOption("start", "Start anyway", "choice"),
    RequestOption("end", "End the chat", "cancel"),
)
TAIL_CHARACTERS: Final = 4000
TAIL_LINES: Final = 12
"""The end of the output that is shown with the question; the item has all of it."""
_SIGINT: Final = 2


class _State(msgspec.Struct, array_like=True):
    """The state.

    Attributes:
        runs: the number of runs.
        cancelled: the user has cancelled the last run.
        agent: the state of the agent's dialect; None before it has begun.
        tail: the end of the last run's output.
        item: the id of the last run's item.
    """

    start: Start
    runs: int = 0
    cancelled: bool = False
    agent: bytes | None = None
    tail: str = ""
    item: str = ""


class SetupDialect:
    """Shows the setup, and afterwards delegates to the agent's dialect."""

    def __init__(self, port: DialectPort, setup: WorktreeSetup, make: Callable[[DialectPort], Dialect]) -> None:
        """Set up the dialect; ``make`` makes the agent's."""
        self._port = port
        self._setup = setup
        self._make = make
        self._agent: Dialect | None = None
        self._state = _State(Start(directory=""))

    # ------------------------------------------------------------ the setup

    def begin(self, start: Start) -> None:
        """See ``Dialect``."""
        self._state.start = start
        self._show_run()

    def receive(self, line: bytes) -> None:
        """See ``Dialect``."""
        if self._agent is not None:
            self._agent.receive(line)
            return
        try:
            message = msgspec.json.decode(line)
        except msgspec.DecodeError:
            message = None
        match message:
            case {"worktree_setup": "started"}:
                pass  # It is shown already, above the first prompt.
            case {"worktree_setup": "output", "text": str(text)}:
                self._port.emit(Append(self._state.item, text, "output"))
                self._state.tail = (self._state.tail + text)[-TAIL_CHARACTERS:]
            case {"worktree_setup": "ended", "code": int(code), "signal": int(number)}:
                self._on_ended(code, number)
            case _:
                self._port.raw("worktree setup", line.decode(errors="replace"))

    def _show_run(self) -> None:
        """Show a run that is about to begin."""
        self._state.runs += 1
        # The items of a chat that this one resumes may have a run, too.
        self._state.item = f"worktree-setup-{self._state.runs}-{self._port.now_ms}"
        self._state.cancelled, self._state.tail = False, ""
        setup = self._setup
        item = Item(
            self._state.item,
            "tool",
            self._port.now_ms,
            status="running",
            title="Set up the worktree",
            tool="execute",
            command=setup.command,
            directory=setup.worktree,
        )
        self._port.emit(Put(item))
        self._port.emit(StateChanged("running", detail=SETUP_DETAIL))

    def _on_ended(self, code: int, number: int) -> None:
        port = self._port
        if code == 0 and number == 0:
            port.emit(SetStatus(self._state.item, "done", port.now_ms))
            self._start_agent()
            return
        is_cancelled = self._state.cancelled or number == _SIGINT
        port.emit(SetStatus(self._state.item, "interrupted" if is_cancelled else "failed", port.now_ms))
        how = "was cancelled" if is_cancelled else f"failed ({f'signal {number}' if number else f'exit code {code}'})"
        tail = "\n".join(self._state.tail.rstrip().splitlines()[-TAIL_LINES:])
        subject = f"{self._setup.command}\n\n{tail}" if tail else self._setup.command
        title = f"The setup of the worktree {how}"
        port.emit(
            RequestOpened(
                AgentRequest(
                    self._state.item,
                    "permission",
                    port.now_ms,
                    title,
                    subject,
                    OPTIONS,
                    self._state.item,
                    self._setup.worktree,
                )
            )
        )
        port.emit(StateChanged("requires_action", detail=title))

    def _start_agent(self) -> None:
        self._send("start")
        self._port.emit(StateChanged("starting"))
        self._agent = self._make(self._port)
        self._agent.begin(self._state.start)

    def _send(self, answer: str) -> None:
        self._port.send({KEY: answer})

    # ------------------------------------------------------------ the user

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """See ``Dialect``."""
        if self._agent is not None:
            self._agent.answer(request, answer)
        elif answer.option == "again":
            self._send("again")
            self._show_run()
        elif answer.option == "start":
            self._start_agent()
        else:
            self._port.fail("The chat was ended, because its worktree is not set up.")

    def interrupt(self) -> None:
        """See ``Dialect``: the setup is cancelled, and the user is asked."""
        if self._agent is not None:
            self._agent.interrupt()
        elif not self._state.cancelled:
            self._state.cancelled = True
            self._send("cancel")

    # ------------------------------------------------------------ the agent's, see ``Dialect``

    def prompt(self, prompt: UserPrompt) -> None:
        """See ``Dialect``; called only after the agent's dialect is ready."""
        if self._agent is not None:
            self._agent.prompt(prompt)

    def steer(self, prompt: UserPrompt) -> None:
        """See ``Dialect``; called only if the agent's dialect reported that it can."""
        if self._agent is not None:
            self._agent.steer(prompt)

    def change_setting(self, setting: str, value: str) -> None:
        """See ``Dialect``; before the agent there are no settings."""
        if self._agent is not None:
            self._agent.change_setting(setting, value)

    def timer_due(self, name: str) -> None:
        """See ``Dialect``."""
        if self._agent is not None:
            self._agent.timer_due(name)

    def take_result(self, result: AnyResult) -> None:
        """See ``Dialect``."""
        if self._agent is not None:
            self._agent.take_result(result)

    # ------------------------------------------------------------ saving

    def save(self) -> bytes:
        """See ``Dialect``."""
        self._state.agent = self._agent.save() if self._agent is not None else None
        return msgspec.msgpack.encode(self._state)

    def load(self, state: bytes) -> None:
        """See ``Dialect``."""
        self._state = msgspec.msgpack.decode(state, type=_State)
        if self._state.agent is not None:
            self._agent = self._make(self._port)
            self._agent.load(self._state.agent)
