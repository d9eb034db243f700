"""What the page gets and sends, as JSON. Fields that end in ``_html`` are rendered here; all other texts are plain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

from session_host.protocol.values import Runtime

from .errors import PageError

T = TypeVar("T")
ShownLine = tuple[str, str] | tuple[str, str, int]
"""A line of text, its style, one of ``structured.text.LineStyle``, and its number in a file if that is known."""


Way = tuple[str, str, dict[str, Any]]
"""Something that can be done: its name, the request that does it, and what that has beside the chat."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A chat in the list."""

    id: str
    """With the machine before it: ``devbox/UUID``."""
    name: str
    agent: str
    agent_name: str
    """With its account, unless that is the default one."""
    account: str
    machine: str
    directory: str
    hue: int
    """The colour of its project, see ``standing.row_line``."""
    group: str
    mark: str
    icon: str
    """Of the mark: "asks", "works", "fold", "failed", or "" for none."""
    words: str
    """What it asks, does or said."""
    since: str
    order: str
    kind: str
    """What its page shows first: "conversation" or "screen"."""


class Away(msgspec.Struct, frozen=True):
    """A machine that is not reached."""

    name: str
    since: str
    """Since when, in words; empty if it is reached again."""
    why: str
    chats: int
    """How many of its chats are listed as they were."""


class LimitUse(msgspec.Struct, frozen=True):
    """A limit of the user's subscription."""

    name: str
    """In the list its account's."""
    used: float
    until: str
    """When it is reset, in words; "" if that is unknown."""


class ChatList(msgspec.Struct, frozen=True):
    """The list."""

    machine: str
    cursor: str
    chats: list[Row]
    machines: list[Away]
    ended: list[Row]
    limit: LimitUse | None
    """The tightest of all accounts; None if none says one."""


class Option(msgspec.Struct, frozen=True):
    """A possible answer."""

    id: str
    label: str
    name: str
    kind: str


class Form(msgspec.Struct, frozen=True):
    """A question with suggested answers, a free text, or both."""

    id: str
    text: str
    options: list[tuple[str, str]]
    """Names and descriptions."""
    secret: bool
    several: bool
    optional: bool
    field: dict[str, str] | None
    """The attributes of the field for a free answer, one of HTML's inputs if there is a type; None without one."""
    least: float
    """The fewest characters of a text, or answers if several can be given."""
    most: float
    hint: str
    """What it takes, in words."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An open request of an agent."""

    request: str
    digest: str
    kind: str
    title: str
    at: str
    directory: str
    reason: str
    complete: bool
    lines: list[ShownLine]
    exact: list[ShownLine] | None
    options: list[Option]
    forms: list[Form]
    takes_words: bool
    added: int | None
    removed: int | None


class ActionDone(msgspec.Struct, frozen=True):
    """What became of a request."""

    words: str
    chat: str = ""
    at: str = ""
    detail: str = ""


class Questions(msgspec.Struct, frozen=True):
    """What a chat asks."""

    chat: Row
    elsewhere: str
    """A question that only its own terminal asks; "" for none."""
    questions: list[Question]
    over: ActionDone
    """How the last question was resolved that is not open any more."""
    note: str = ""
    """What the page does not answer: at an amount of money; "" for nothing."""


class GivenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The user's answer."""

    id: str
    """The same in a repeated request."""
    chat: str
    request: str
    digest: str
    option: str = ""
    text: str = ""
    answers: dict[str, list[str]] = {}


class Decided(msgspec.Struct, frozen=True):
    """What the user decided in a turn: one decision, or all that was allowed."""

    kind: Literal["allowed", "declined", "answered", "withdrawn"]
    words: str
    at: str
    """When, in words; "" if that is not known."""


class TurnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt, and what became of it."""

    turn: str
    prompt: str
    at: str
    took: str
    """How long it took, in words; "" if that is not known."""
    steps: str
    added: int | None
    removed: int | None
    outcome: str
    error: str
    answer_html: str | None
    """None if it was not rendered; see ``Unfolded``."""
    limit: str = ""
    """Which limit stopped it, and until when, in words; "" if none did."""
    ways: Sequence[Way] = ()
    """What can be done about it now."""
    decided: tuple[Decided, ...] = ()
    """Oldest first; none of a chat in a terminal, whose record does not tell them."""


class Step(msgspec.Struct, frozen=True):
    """What the agent did, with its output."""

    title: str
    lines: list[ShownLine]


class Unfolded(msgspec.Struct, frozen=True):
    """A turn, whole."""

    answer_html: str
    steps: list[Step]


class Queued(msgspec.Struct, frozen=True):
    """A prompt that waits."""

    id: str
    text: str
    held: bool
    ways: Sequence[Way] = ()
    """What can be done about it."""


class FileCount(msgspec.Struct, frozen=True):
    """A changed file."""

    path: str
    added: int
    removed: int


class Can(msgspec.Struct, frozen=True):
    """What can be done with a chat, by a device that may."""

    send: bool = False
    interrupt: bool = False
    stop: bool = False
    resume: bool = False
    screen: bool = False


class NamedText(msgspec.Struct, frozen=True):
    """A saved prompt."""

    name: str
    text: str


class ChatPage(msgspec.Struct, frozen=True, kw_only=True):
    """A chat."""

    chat: Row
    runtime: Runtime
    turns: list[TurnRow]
    earlier: bool
    """Whether turns before these are left out."""
    queue: Sequence[Queued]
    plan: Sequence[tuple[str, str]]
    files: list[FileCount]
    limits: Sequence[LimitUse]
    note: str
    can: Can
    prompts: list[NamedText]
    ends: str


class ScreenPage(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal's screen, as text."""

    columns: int
    text: str
    """The colour of text, as CSS: ``#rrggbb``."""
    ground: str
    rows: list[list[tuple[str, str, str, str]]]
    """Runs of one look: text, its colour and its ground, "" for the screen's, and letters of b, i, u, s (struck
    through), c (the cursor)."""
    title: str
    hash: str
    """Of what is shown: keys carry it."""
    scrollback: int


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys or a line for a terminal, by someone who saw a screen."""

    id: str
    chat: str
    hash: str
    keys: list[str] = []
    text: str = ""
    enter: bool = False


class SendPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt."""

    id: str
    chat: str
    text: str
    now: bool = False


class SetLater(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt that is to be sent at a time; without a text, none is."""

    id: str
    chat: str
    text: str = ""
    continues: bool = False
    """Whether it continues the last turn, which a limit stopped, after its reset; else it is sent now."""


class OfChat(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do with a chat."""

    id: str
    chat: str


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A chat to start."""

    id: str
    agent: str
    directory: str
    preset: str = ""
    machine: str = ""
    prompt: str = ""


class Preset(msgspec.Struct, frozen=True):
    """What can be started."""

    agent: str
    shown: str
    preset: str
    machine: str


class Place(msgspec.Struct, frozen=True):
    """A directory in which chats ran."""

    path: str
    shown: str
    machine: str


class Choices(msgspec.Struct, frozen=True):
    """What a new chat can be."""

    presets: list[Preset]
    directories: list[Place]


class Me(msgspec.Struct, frozen=True):
    """The device that asks."""

    machine: str
    version: str
    device: str
    rights: str
    address: str
    push_key: str
    """The server's key for notifications; "" if there are none at this address."""
    notified: bool


class PushKeys(msgspec.Struct, frozen=True):
    """The keys of a browser's ``PushSubscription``, base64url."""

    p256dh: str = ""
    auth: str = ""


class Push(msgspec.Struct, frozen=True):
    """A browser's ``PushSubscription``; without an endpoint, the end of one."""

    endpoint: str = ""
    keys: PushKeys = PushKeys()


class Code(msgspec.Struct, frozen=True):
    """The code that a device was given; "" from one that may have lost its key."""

    code: str = ""


class Admission(msgspec.Struct, frozen=True):
    """What became of a device's request to be let in."""

    state: Literal["asks", "let_in", "refused", "needs_code"]
    words: tuple[str, str] = ("", "")
    """The desk shows the same ones."""
    name: str = ""
    """What the desk calls it."""
    left_s: float = 0.0
    is_lost: bool = False
    """Whether it asks for the place of a device that has lost its key."""
    certificate: str = ""
    """The end of the fingerprint of the server's own certificate; "" if the connection has none."""


def encoded(value: Any) -> bytes:
    """A value as JSON; what is no UTF-8, as a file's name may be, is replaced."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_replaced(msgspec.to_builtins(value)))


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_replaced(key): _replaced(each) for key, each in value.items()}
        case list() | tuple():
            return [_replaced(each) for each in value]
        case _:
            return value


def decoded(data: bytes, kind: type[T]) -> T:
    """A value that the page sent.

    Raises:
        PageError: it is none.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PageError(400, "bad_request", f"this request is no {kind.__name__}: {error}") from error
