"""The state of the dialect that survives the host, and the objects that its parts share."""

from __future__ import annotations

import msgspec

from session_host.structured.dialects.base import DialectPort, Start, UserPrompt
from session_host.structured.dialects.forms import Field
from session_host.structured.dialects.json_rpc import JsonRpc, JsonRpcState
from session_host.structured.dialects.limits import merged
from session_host.structured.items import ChatState, FileChange, StateChanged, UsageChanged, UsageLimit
from session_host.structured.shortening import WORK_CHARACTERS, cut, shown_command, sub_agents


class OpenItem(msgspec.Struct, array_like=True):
    """An item of the server that is not complete.

    Attributes:
        id: the id in the transcript.
        kind: the kind of the item, see ``items.ItemKind``.
        turn: the server's id of its turn.
        has_text: text or output was appended.
        section: the last part of a thought that text was appended to.
        changes: the changes of a "fileChange"; None of another item.
        command: the command of a "commandExecution".
        starts_agent: it starts a sub-agent.
        runs: the command was started: it needs no permission, or has it.
    """

    id: str
    kind: str
    turn: str
    has_text: bool = False
    section: str = ""
    changes: tuple[FileChange, ...] | None = None
    command: str = ""
    starts_agent: bool = False
    runs: bool = False


class OpenRequest(msgspec.Struct, array_like=True):
    """A request of the server that has no reply yet.

    Attributes:
        number: its JSON-RPC id.
        method: its method.
        turn: the server's id of its turn, "" for none.
        title: one line, for the chat's state.
        results: the reply's result for each option, as JSON.
        fields: the fields of a form.
    """

    number: int | str
    method: str
    turn: str
    title: str
    results: dict[str, str] = {}
    fields: list[Field] = []


class SentPrompt(msgspec.Struct, array_like=True):
    """A prompt that is sent and that has no reply yet.

    Attributes:
        prompt: the prompt.
        steers: it is added to the running turn.
        tries: how often it was refused as overload.
        turns: how many turns had begun when it was sent.
    """

    prompt: UserPrompt
    steers: bool = False
    tries: int = 0
    turns: int = 0


class Model(msgspec.Struct, array_like=True):
    """A model that the server offers; ``efforts``: ids and descriptions of its reasoning efforts."""

    id: str
    name: str
    description: str = ""
    efforts: list[tuple[str, str]] = []


class ThreadSettings(msgspec.Struct, array_like=True):
    """The settings of the thread; "" for one that is not known.

    Attributes:
        workspace: the last sandbox policy that let the agent write in its directory, as JSON.
    """

    model: str = ""
    effort: str = ""
    mode: str = ""
    approvals: str = ""
    sandbox: str = ""
    workspace: str = ""
    models: list[Model] = []


class CodexState(msgspec.Struct, array_like=True):
    """The whole state of the dialect.

    Attributes:
        thread: the server's id of the conversation, "" before it is open.
        turn: the running turn, "" for none or before its id is known.
        active: the id that interrupts the running turn; a review has its own.
        busy: a turn runs, or is about to.
        server_idle: the server's last status was idle.
        interrupting: the turn is to be interrupted as soon as its id is known.
        turns: how many turns have begun.
        ended: the newest turns that have ended.
        shown: the state that the transcript has: state, turn and detail.
        error_turn: the last turn in which the server reported an error.
        items: the server's items that are not complete, by their ids in the transcript.
        requests: the server's requests without a reply, by their ids in the transcript.
        prompts: prompts without a reply, by their items' ids.
        echoes: texts of prompts that the server has not repeated as items yet, by their items' ids.
        reviews: turns that a review began, which repeat no prompt of the user's.
        parents: the tool items of sub-agents, by the sub-agents' threads.
        shown_notices: the newest notices that are shown only once.
        opening_tries: how often opening the thread was refused as overload.
        usage: the tokens and limits that the transcript has.
        agents: the running turns of sub-agents, by their threads.
        agents_used: the tokens of all sub-agents: all, of them those from the model's cache, and written ones.
        agents_told: those that each sub-agent's thread last told.
        has_base: the thread has told its tokens.
    """

    start: Start
    rpc: JsonRpcState
    thread: str = ""
    turn: str = ""
    active: str = ""
    busy: bool = False
    server_idle: bool = False
    interrupting: bool = False
    turns: int = 0
    ended: list[str] = []
    shown: tuple[ChatState, str, str] = ("starting", "", "")
    error_turn: str = ""
    items: dict[str, OpenItem] = {}
    requests: dict[str, OpenRequest] = {}
    prompts: dict[str, SentPrompt] = {}
    echoes: dict[str, str] = {}
    reviews: list[str] = []
    parents: dict[str, str] = {}
    shown_notices: list[str] = []
    settings: ThreadSettings = msgspec.field(default_factory=ThreadSettings)
    opening_tries: int = 0
    usage: UsageChanged = UsageChanged(0, 0)
    agents: dict[str, str] = {}
    agents_used: tuple[int, int, int] = (0, 0, 0)
    agents_told: dict[str, tuple[int, int, int]] = {}
    has_base: bool = False

    @property
    def background(self) -> str:
        """What runs although no turn of the thread does: commands, and the sub-agents themselves; "" for nothing."""
        turns = self.agents.values()
        commands = [
            cut(shown_command(item.command), WORK_CHARACTERS)
            for item in self.items.values()
            if item.runs and item.turn not in turns
        ]
        return ", ".join([*commands, *sub_agents(len(turns))])


KEPT_NOTICES = 50
KEPT_TURNS = 20
MAX_TRIES = 6
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 8.0


class Context:
    """The port, the connection and the state.

    Attributes:
        port: see ``DialectPort``.
        rpc: the connection.
        state: see ``CodexState``.
    """

    def __init__(self, port: DialectPort) -> None:
        self.port = port
        self.rpc = JsonRpc(port, member=False)
        self.state: CodexState = CodexState(Start(directory="/"), self.rpc.state)

    def show_state(self) -> None:
        """Report the agent's state, if it has changed."""
        state = self.state
        shown: tuple[ChatState, str, str] = ("idle", "", "")
        if state.background:
            shown = ("background", "", state.background)
        if state.busy:
            shown = ("running", state.turn, "")
        if state.requests:
            shown = ("requires_action", state.turn, next(iter(state.requests.values())).title)
        if shown != state.shown and state.shown[0] != "starting":
            state.shown = shown
            self.port.emit(StateChanged(*shown))

    def ready(self) -> None:
        """Accept prompts: the thread is open."""
        if self.state.shown[0] == "starting":
            self.state.shown = ("idle", "", "")
            self.port.ready()
            self.show_state()

    def notice_once(self, words: str) -> None:
        """Show a notice, unless it was shown before: the server repeats some."""
        shown = self.state.shown_notices
        if words.strip() and words not in shown:
            self.state.shown_notices = [*shown, words][-KEPT_NOTICES:]
            self.port.notice(words)

    def limits_reported(self, reported: list[UsageLimit]) -> None:
        """Show newer reports of the subscription's limits."""
        if reported:
            usage = self.state.usage
            self.usage_changed(msgspec.structs.replace(usage, limits=merged(usage.limits, reported)))

    def usage_changed(self, usage: UsageChanged) -> None:
        """Show the tokens and limits."""
        self.state.usage = usage
        self.port.emit(usage)

    def retry_later(self, name: str, tries: int) -> None:
        """Start a timer for the next try; the time doubles with each try."""
        self.port.start_timer(name, min(FIRST_WAIT_S * 2 ** (tries - 1), MAX_WAIT_S))

    def has_ended(self, turn: str) -> bool:
        """Whether a turn has ended already."""
        return turn in self.state.ended
