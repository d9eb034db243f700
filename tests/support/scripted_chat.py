"""A transcript for tests of views: the test itself makes each change; there is no agent."""

from __future__ import annotations

from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Append,
    Capabilities,
    CapabilitiesKnown,
    Item,
    ItemKind,
    Put,
    RequestOpened,
    RequestOption,
    RequestResolved,
    SetStatus,
    StateChanged,
    TurnOver,
)
from session_host.structured.transcript import Transcript

BEGAN_MS = 1_760_000_000_000
ALLOW = RequestOption("yes", "Allow", "allow_once")
ALWAYS = RequestOption("always", "Always allow make", "allow_always")
DECLINE = RequestOption("no", "Decline", "reject_once")


class ScriptedChat:
    """A transcript, and methods that change it as a dialect does.

    Attributes:
        transcript: the transcript, for a view.
    """

    def __init__(self) -> None:
        self.transcript = Transcript()
        self._items = 0
        self.apply(CapabilitiesKnown(Capabilities(steer=True, images=True)))
        self.apply(StateChanged("idle"))

    def apply(self, change: AnyChange) -> None:
        """Apply one change."""
        self.transcript.apply(change, BEGAN_MS + self._items * 1000)

    def put(self, kind: ItemKind, text: str = "", **fields: object) -> str:
        """Add an item; returns its id."""
        self._items += 1
        item_id = f"i{self._items}"
        self.apply(Put(Item(item_id, kind, BEGAN_MS + self._items * 1000, text=text, **fields)))  # type: ignore[arg-type]
        return item_id

    def say(self, item_id: str, text: str) -> None:
        """Append to a message."""
        self.apply(Append(item_id, text))

    def done(self, item_id: str) -> None:
        """Complete an item."""
        self.apply(SetStatus(item_id, "done", BEGAN_MS + self._items * 1000 + 500))

    def run(self, turn: str = "t1") -> None:
        """Begin a turn."""
        self.apply(StateChanged("running", turn))

    def end(self, ended: TurnOver) -> None:
        """End a turn."""
        self.apply(ended)
        self.apply(StateChanged("idle"))

    def ask(self, request: AgentRequest) -> None:
        """Ask the user."""
        self.apply(StateChanged("requires_action", "t1"))
        self.apply(RequestOpened(request))

    def resolve(self, request: str, option: str, name: str, by: str) -> None:
        """Answer a request, as another viewer does."""
        self.apply(RequestResolved(request, option, name, by, BEGAN_MS))


def command_request(subject: str, *, complete: bool = True, item: str = "", request_id: str = "r1") -> AgentRequest:
    """A request to run a command."""
    return AgentRequest(
        request_id,
        "command",
        BEGAN_MS,
        "Run a command?",
        subject,
        (ALLOW, ALWAYS, DECLINE),
        item=item,
        directory="/home/ada/src",
        reason="The build needs it.",
        complete=complete,
    )


def long_chat(items: int) -> ScriptedChat:
    """A chat of many items of all kinds."""
    chat = ScriptedChat()
    for number in range(items):
        match number % 5:
            case 0:
                chat.put("user", f"Prompt {number}: what about `module_{number}`?", status="done")
            case 1:
                chat.put("thought", f"Thinking about {number}.", status="done")
            case 2:
                chat.put(
                    "tool",
                    tool="execute",
                    title=f"make check-{number}",
                    command=f"make check-{number}",
                    output=f"line of {number}\n" * 30,
                    exit_code=0,
                    status="done",
                )
            case 3:
                chat.put("notice", f"Notice {number}")
            case _:
                chat.put(
                    "agent",
                    f"Answer {number} with **bold** words and `code`.\n\n- first\n- second\n\n"
                    f"```python\ndef answer_{number}():\n    return {number}\n```\n",
                    status="done",
                )
    return chat


def asking(*requests: AgentRequest) -> ScriptedChat:
    """A chat that asks the user."""
    chat = ScriptedChat()
    for request in requests:
        chat.ask(request)
    return chat


def having(kind: ItemKind, text: str = "", **fields: object) -> ScriptedChat:
    """A chat with one item."""
    chat = ScriptedChat()
    chat.put(kind, text, **fields)
    return chat
