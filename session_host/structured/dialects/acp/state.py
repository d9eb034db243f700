"""The state of the dialect that survives the host, and the objects that its parts share."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import FORK_OPTION, DialectPort, Start
from session_host.structured.dialects.forms import Field
from session_host.structured.dialects.json_rpc import INTERNAL_ERROR, JsonRpc, JsonRpcState
from session_host.structured.items import ConversationKnown, Item, Setting, UsageChanged, WrittenOutcome
from session_host.structured.operations import AnyOperation, OperationDone


class Run(msgspec.Struct, array_like=True):
    """An uninterrupted run of chunks, which is one item that grows."""

    item: str
    kind: Literal["user", "agent", "thought"]
    message: str
    """The agent's id of the message; "" if it gives none."""


class PendingOperation(msgspec.Struct, array_like=True):
    """An operation of the host that the agent has asked for."""

    rpc_id: str
    """The id of its message, as JSON."""
    kind: Literal["read", "write", "terminal"]
    name: str
    """The file's path, or the terminal's id."""


class Ending(msgspec.Struct, array_like=True):
    """How a turn ends, while its tokens are counted."""

    operation: int
    """The id of ``CountTokens``."""
    outcome: WrittenOutcome
    error: str
    result: dict[str, Any]
    """The agent's reply to the prompt."""


class Terminal(msgspec.Struct, array_like=True):
    """A terminal that the agent created.

    Attributes:
        command, directory: its program's command line and working directory.
        limit: the most bytes of output that the agent requests.
        output: the newest output; ``cut``: earlier output was dropped.
        ended: its program has ended, by ``exit_code`` or ``signal``.
        waiting: ids of requests, as JSON, that get its exit status as reply when it has ended.
        killing: ids of requests, as JSON, that get an empty reply when it has ended.
        released: the agent does not use it any more.
        item: its own item, without the output; None while a tool call shows it.
        adopted: a tool call shows it.
    """

    command: str
    directory: str
    limit: int
    output: str = ""
    cut: bool = False
    ended: bool = False
    exit_code: int | None = None
    signal: str | None = None
    waiting: list[str] = []
    killing: list[str] = []
    released: bool = False
    item: Item | None = None
    adopted: bool = False

    @property
    def shown(self) -> str:
        """The output as the user sees it."""
        return f"…\n{self.output}" if self.cut else self.output


class Tool(msgspec.Struct, array_like=True):
    """A tool call, merged from all its updates."""

    item: Item
    reason: str = ""
    """Why the agent calls it, in its words."""
    input: str = ""
    """The whole input as JSON; "" if the agent does not report it."""
    declined: bool = False
    terminals: list[str] = []
    """The terminals that it shows."""
    text: str = ""
    """Its output without that of its terminals, if it has any."""
    texts: list[str] = []
    """Digests of the texts before and after its changes of files, which the diffs show."""


class OpenRequest(msgspec.Struct, array_like=True):
    """A request of the agent that has no reply yet."""

    rpc_id: str
    """The id of its message, as JSON."""
    kind: Literal["permission", "form"]
    title: str
    call: str = ""
    """The tool call that waits for the answer."""
    fields: list[Field] = []


class OfferedSetting(msgspec.Struct, array_like=True):
    """A setting, and the method that changes it: "option" is an option with a text, "flag" one with a boolean."""

    setting: Setting
    source: Literal["mode", "model", "option", "flag"]


class AcpState(msgspec.Struct, array_like=True):
    """All state of the dialect.

    Attributes:
        rpc: see ``json_rpc``.
        start: how the chat begins.
        prefix: begins the ids of all items, requests and turns: no other session has it.
        made: how many ids were generated.
        agent: the agent's name.
        methods: its log-in methods, as it describes them; ``tried``: ids of those that were tried.
        loads, resumes, takes_images, steers, forks: its abilities.
        session: the id of its session; ``reported``: the transcript has it.
        opened: prompts can be sent.
        replaying: the agent repeats the resumed conversation; ``replayed``: its items.
        update_count: how many updates of the conversation came; ``settled_count``: their number at the last check.
        waited_for_minute: the wait for the next minute is over; see ``Opening``.
        resume_tries: how often resuming failed; ``resume_until_ms``: when to stop trying.
        turn: the id of the running turn, "" outside of one; ``turns``: how many there were.
        prompt, prompt_text: the id of the turn's prompt, and its text.
        confirmed: a message of the agent has shown that the turn runs.
        cancelling: the turn was cancelled and has not ended yet.
        run: the current run of chunks.
        tools: tool calls of this turn and of the one before, by their ids.
        open_items: ids of messages, thoughts and plans that are not complete.
        plans: ids of plans' items, by the agent's ids.
        requests: the agent's open requests, by our ids.
        options, mode, model: settings as the agent offers them.
        tokens: the tokens of all turns; ``usage``: the last report.
        operations: operations without a result, by their ids.
        terminals: the terminals by their ids; of the released ones, only the newest.
        commands: the names of its commands, without "/".
        updates_before: ``update_count`` when the turn began; ``began_ms``: the time then.
        ending: set while the tokens of the turn that has ended are counted.
    """

    rpc: JsonRpcState = msgspec.field(default_factory=JsonRpcState)
    start: Start = msgspec.field(default_factory=lambda: Start(directory="/"))
    prefix: str = ""
    made: int = 0
    agent: str = "the agent"
    methods: list[dict[str, Any]] = []
    tried: list[str] = []
    loads: bool = False
    resumes: bool = False
    takes_images: bool = False
    steers: bool = False
    session: str = ""
    reported: bool = False
    opened: bool = False
    replaying: bool = False
    replayed: list[str] = []
    update_count: int = 0
    settled_count: int = 0
    waited_for_minute: bool = False
    resume_tries: int = 0
    resume_until_ms: int = 0
    turn: str = ""
    turns: int = 0
    prompt: str = ""
    prompt_text: str = ""
    confirmed: bool = False
    cancelling: bool = False
    run: Run | None = None
    tools: dict[str, Tool] = {}
    open_items: list[str] = []
    plans: dict[str, str] = {}
    requests: dict[str, OpenRequest] = {}
    options: list[OfferedSetting] = []
    mode: OfferedSetting | None = None
    model: OfferedSetting | None = None
    tokens: int = 0
    usage: UsageChanged = UsageChanged(0, 0)
    operations: dict[int, PendingOperation] = {}
    terminals: dict[str, Terminal] = {}
    forks: bool = False
    commands: list[str] = []
    updates_before: int = 0
    began_ms: int = 0
    ending: Ending | None = None


AUTHENTICATION_REQUIRED = -32000
RESOURCE_NOT_FOUND = -32002
REQUEST_CANCELLED = -32800
_CODE = re.compile(r"`([^`\n]+)`")


class Shared:
    """The port, the connection and the state.

    Attributes:
        state: see ``AcpState``; replaced as a whole by ``restore``.
    """

    def __init__(self, port: DialectPort) -> None:
        self.port = port
        self.rpc = JsonRpc(port, member=True)
        self.state = AcpState()
        self.state.rpc = self.rpc.state

    def restore(self, state: AcpState) -> None:
        """Take over a saved state."""
        self.state = state
        self.rpc.state = state.rpc

    @property
    def resumed_conversation(self) -> str:
        """The conversation to resume; "" for a new one, since the agent chooses the id of a new conversation."""
        start = self.state.start
        return start.conversation if start.resumes else ""

    @property
    def continues(self) -> bool:
        """Whether the session resumes or forks a conversation."""
        return bool(self.resumed_conversation or self.state.start.options.get(FORK_OPTION))

    def option(self, name: str) -> bool:
        """Whether an option of the dialect is on."""
        return self.state.start.options.get(name) in {True, "true"}

    def offers(self, name: str) -> bool:
        """Whether we offer "files" or "terminals" to the agent."""
        return self.state.start.options.get(name, True) in {True, "true"}

    def request_operation(self, operation: AnyOperation, pending: PendingOperation) -> None:
        """Ask the host for an operation, and remember it until its result comes."""
        self.state.operations[self.port.start_operation(operation)] = pending

    def log_in_text(self, error: Any) -> str:
        """One line for the user who has to log in, with the command for it if there is one."""
        state = self.state
        commands = [
            found[1] for method in state.methods if (found := _CODE.search(reading.text(method, "description")))
        ]
        command = state.start.options.get("log_in_command") or (commands[0] if commands else "")
        hint = f"run {command}" if command else "log in with its own command line"
        return f"{state.agent} is not logged in ({error_text(error)}): {hint}"

    def new_id(self, kind: str) -> str:
        """An id for an item, a request or a turn."""
        self.state.made += 1
        return f"{self.state.prefix}-{kind}-{self.state.made}"

    def report_conversation(self) -> None:
        """Report the conversation's id, once: at the first prompt, since agents save no conversation before it."""
        if not self.state.reported:
            self.state.reported = True
            self.port.emit(ConversationKnown(self.state.session))


def encode_id(rpc_id: Any) -> str:
    """The id of a message as JSON, for the state."""
    return msgspec.json.encode(rpc_id).decode()


def decode_id(encoded: str) -> Any:
    """The id of a message."""
    return msgspec.json.decode(encoded)


def operation_error(name: str, result: OperationDone) -> tuple[int, str]:
    """The code and the message of the reply to a failed operation."""
    return (RESOURCE_NOT_FOUND, f"Resource not found: {name}") if result.missing else (INTERNAL_ERROR, result.error)


def error_text(error: Any) -> str:
    """One line for the user, from the error of a reply."""
    message = reading.error_words(reading.text(error, "message")).removeprefix("Internal error: ")
    data = reading.at(error, "data")
    details = data if isinstance(data, str) else reading.text(data, "details") or reading.text(data, "message")
    details = reading.error_words(details)
    if not details or details in message:
        return reading.one_line(message or "unknown error", 500)
    return reading.one_line(details if message in {"", "Internal error"} else f"{message}: {details}", 500)
