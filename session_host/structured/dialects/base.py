"""The Dialect protocol, and the port through which a dialect acts."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Protocol

import msgspec

from session_host.errors import UsageError
from session_host.protocol.values import Image
from session_host.structured.items import AgentRequest, AnyChange, SettingChoice, UsageChanged
from session_host.structured.operations import AnyOperation, AnyResult

FORK_OPTION: Final = "fork"
"""The option with the id of the conversation to fork."""
THROUGH_OPTION: Final = "fork_through"
"""The option with the id of the last turn that the fork copies; without it, all turns."""
EFFORTS: Final = {
    "none": "None",
    "minimal": "Least",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "xhigh": "Very high",
    "max": "Greatest",
}
"""Names of the levels of a model's effort; agents' other levels keep their own."""


def with_present(choices: tuple[SettingChoice, ...], value: str) -> tuple[SettingChoice, ...]:
    """The choices of a setting, with its present value even if the agent does not list it."""
    is_known = not value or any(choice.id == value for choice in choices)
    return choices if is_known else (*choices, SettingChoice(value, value))


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that a chat begins with."""

    directory: str
    """The working directory, absolute."""
    conversation: str = ""
    """The agent's id of the conversation to resume; for a new one "", or the id that the agent was started with."""
    has_history: bool = False
    """Whether the transcript already has the resumed or forked conversation: the agent need not repeat it."""
    version: str = ""
    """Outlive's version."""
    options: dict[str, Any] = {}
    """The dialect's options, from the agent's file and the user."""
    resumes: bool = True
    """Whether ``conversation``, if there is one, is an earlier one."""
    began_ms: int = 0
    """When the resumed conversation began, in milliseconds since 1970; 0 if unknown."""
    used: UsageChanged | None = None
    """What the agent last said in the chat that this one resumes; None if that is not known."""


class UserPrompt(msgspec.Struct, frozen=True, array_like=True):
    """A prompt of the user; ``id`` is that of its item."""

    id: str
    text: str
    images: tuple[Image, ...] = ()
    by: str = ""
    """The kind of client that sent it; "" if unknown."""


class Chosen(msgspec.Struct, frozen=True, array_like=True):
    """The user's answer to a request: the id of an option, or texts by the ids of the questions."""

    option: str
    texts: dict[str, str] = {}


class DialectPort(Protocol):
    """The port through which a dialect acts; its calls belong to the step that runs.

    Attributes:
        now_ms: the time of the step, in milliseconds since 1970. There is no other clock.
    """

    now_ms: int

    def emit(self, change: AnyChange) -> None:
        """Change the transcript."""

    def send(self, message: Any) -> None:
        """Send the agent a message: a JSON value, on a line of its own."""

    def start_timer(self, name: str, after_s: float) -> None:
        """Call ``timer_due`` after this time, once."""

    def start_operation(self, operation: AnyOperation) -> int:
        """Ask the host for work outside of the chat; returns the operation's id. ``take_result`` gets its result."""

    def ready(self) -> None:
        """Send prompts from now on. The state becomes "idle", unless the dialect has emitted another one."""

    def accepted(self, prompt_id: str, turn: str = "") -> None:
        """Report that the agent has confirmed a prompt or a steering text."""

    def refused(self, prompt_id: str, reason: str) -> None:
        """Report that the agent has refused a prompt; ``reason`` is one line for the user."""

    def too_late(self, prompt_id: str) -> None:
        """Report that no turn ran for a steering text; it becomes a prompt of its own."""

    def notice(self, text: str) -> None:
        """Add a line about the chat itself."""

    def raw(self, title: str, message: Any) -> None:
        """Keep a message, or a part of one, that the dialect does not understand."""

    def fail(self, reason: str) -> None:
        """Report that the chat cannot continue: the host shows this line and ends the program."""


class Dialect(Protocol):
    """Translates between one agent's protocol and the common vocabulary (``structured.items``).

    A dialect has no clock, no random numbers and no I/O: a new host repeats its calls and gets the same state. It emits
    ``StateChanged``, ``TurnOver``, ``RequestOpened`` and items; the rules own queued prompts and the first answer.
    """

    def begin(self, start: Start) -> None:
        """The program runs: send the first messages."""

    def receive(self, line: bytes) -> None:
        """Handle one line of the agent, without its end."""

    def prompt(self, prompt: UserPrompt) -> None:
        """Start a turn; called only while the agent is idle. Report ``accepted`` or ``refused``."""

    def steer(self, prompt: UserPrompt) -> None:
        """Add a text to the running turn. Report ``accepted`` or ``too_late``. Only with this capability."""

    def interrupt(self) -> None:
        """Interrupt the running turn."""

    def answer(self, request: AgentRequest, answer: Chosen) -> None:
        """Answer an open request; called once for each."""

    def change_setting(self, setting: str, value: str) -> None:
        """Change a setting of the agent's session."""

    def timer_due(self, name: str) -> None:
        """A timer expired."""

    def take_result(self, result: AnyResult) -> None:
        """Handle the result of an operation; called only for a dialect that asks for operations."""

    def save(self) -> bytes:
        """The whole state, as ``load`` reads it."""

    def load(self, state: bytes) -> None:
        """Continue from a saved state, in place of ``begin``."""


DIALECTS: Final[dict[str, tuple[str, str]]] = {
    "acp": ("acp.dialect", "AcpDialect"),
    "claude": ("claude.dialect", "ClaudeDialect"),
    "codex": ("codex.dialect", "CodexDialect"),
    "one-shot": ("one_shot", "OneShotDialect"),
}
"""The dialects' modules and classes."""


def make_dialect(name: str, port: DialectPort) -> Dialect:
    """Make a dialect, importing its module only now.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in DIALECTS:
        raise UsageError(f"unknown dialect {name!r}; known: {', '.join(DIALECTS)}")
    module, dialect_class = DIALECTS[name]
    dialect: Dialect = getattr(import_module(f"{__package__}.{module}"), dialect_class)(port)
    return dialect
