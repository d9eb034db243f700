"""Small values that all packages share: sizes, modifiers, states.

Sizes are always ``columns`` before ``rows``; adapters of other libraries convert their opposite orders.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Annotated, Final, Literal, NamedTuple

import msgspec


class ErrorCode:
    """The codes of ``Error``, ``Failed`` and ``InputRefused``, with their consequences."""

    VERSION = "version"
    """The peer speaks another protocol version: upgrade one side."""
    VIOLATION = "violation"
    """The peer broke the protocol and is dropped."""
    TOO_LARGE = "too_large"
    """A frame, text or grid is over its limit."""
    STALE_ATTACHMENT = "stale_attachment"
    """The attachment is unknown or belongs to another connection now: attach again."""
    READ_ONLY = "read_only"
    """The attachment may only view."""
    INPUT_FULL = "input_full"
    """The program does not read its input; this input was dropped."""
    HELD = "held"
    """An earlier input was refused, and the user has not seen it yet; see ``AcceptRefusal``."""
    ENDED = "ended"
    """The session has ended."""
    FAILED = "failed"
    """The host failed, through no fault of the peer's."""
    NEEDS_INPUT = "needs_input"
    """The chat asks something, and a text would be lost or answer it: answer with a key, or send the text anyway."""
    NOT_ALLOWED = "not_allowed"
    """An agent may not control this chat without the user's permission."""
    BAD_REQUEST = "bad_request"
    """The request's values are invalid; the message says which."""
    ANSWERED = "answered"
    """Another client has answered the agent's question, or the agent took it back."""
    CHANGED = "changed"
    """The agent's question, or the screen, is not the one that was shown: look at it again."""
    WRONG_RUNTIME = "wrong_runtime"
    """A terminal takes no prompts, and a structured chat no keys."""
    UNREACHABLE = "unreachable"
    """The session's machine cannot be reached."""
    TAKEN = "taken"
    """The text was typed before without Enter, and the user, or nobody, has sent it since: look whether it was sent."""
    LINE_IN_USE = "line_in_use"
    """The input line has a text that the new one would join: send or delete it, or send the new one anyway."""
    AWAKE = "awake"
    """The chat is not put to sleep: its agent works, asks, or has started something that runs."""
    NOTHING_TYPED = "nothing_typed"
    """The key was not typed: see ``Key.may_detach``."""


_UNSIGNED_SHORT = msgspec.Meta(ge=0, le=0xFFFF)
MIN_COLUMNS = 20
MIN_ROWS = 5
MAX_COLUMNS = 1000
MAX_ROWS = 1000
MAX_CELLS = 250_000
"""The most cells of a terminal: a window's picture of so many takes 130 MB."""


class GridSize(msgspec.Struct, frozen=True, array_like=True):
    """The size of a terminal's grid, in cells; a peer's size fits TIOCSWINSZ."""

    columns: Annotated[int, _UNSIGNED_SHORT]
    rows: Annotated[int, _UNSIGNED_SHORT]

    def clamped(self) -> GridSize:
        """The size, limited to the minimum and maximum of a session's terminal."""
        columns = min(max(self.columns, MIN_COLUMNS), MAX_COLUMNS)
        return GridSize(columns, min(max(self.rows, MIN_ROWS), MAX_ROWS, MAX_CELLS // columns))

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"


class CellSize(msgspec.Struct, frozen=True, array_like=True):
    """The size of one cell in pixels; programs ask for it to place images."""

    width_px: Annotated[int, _UNSIGNED_SHORT] = 8
    height_px: Annotated[int, _UNSIGNED_SHORT] = 16


_Count = Annotated[int, msgspec.Meta(ge=0)]


class FileLocation(NamedTuple):
    """A file and a position in it; lines and columns from 1, 0 for none."""

    path: str
    line: _Count = 0
    column: _Count = 0

    @property
    def text(self) -> str:
        """The file and the position, as compilers write them."""
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])


class CommandTime(msgspec.Struct, frozen=True, array_like=True):
    """When a shell's command ran; the command is named by its number in the terminal."""

    number: int
    began_ms: int
    """When it began, in ms since 1970."""
    took_ms: int = -1
    """How long it ran, in ms; -1 while it runs, or if not known."""
    clock_ms: int = 0
    """When it began, in ms on CLOCK_BOOTTIME; 0 if not known."""


class Image(msgspec.Struct, frozen=True, array_like=True):
    """An image of a prompt or of an answer."""

    mime: str
    data: bytes


Runtime = Literal["terminal", "structured"]
"""How Outlive talks to an agent: by a terminal, or by its own protocol."""


class Modifiers(IntFlag):
    """Modifier keys held, with the bits of the kitty keyboard protocol."""

    NONE = 0
    SHIFT = 1
    ALT = 2
    CTRL = 4
    SUPER = 8
    HYPER = 16
    META = 32
    CAPS_LOCK = 64
    NUM_LOCK = 128


class SnapshotKind(StrEnum):
    """The content of a snapshot, and its form."""

    WHOLE = "whole"
    PACKED = "packed"
    """All, compressed."""
    SCREEN = "screen"
    """A terminal without history and images, or the newest items of a transcript; compressed."""


class KeyAction(StrEnum):
    """The kind of a key event."""

    PRESS = "press"
    REPEAT = "repeat"
    RELEASE = "release"


class MouseAction(StrEnum):
    """The kind of a mouse event."""

    PRESS = "press"
    RELEASE = "release"
    MOTION = "motion"


class MouseButton(StrEnum):
    """The button of a mouse event; the wheel's directions are buttons, as in xterm's encoding."""

    NONE = "none"
    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"
    WHEEL_UP = "wheel_up"
    WHEEL_DOWN = "wheel_down"
    WHEEL_LEFT = "wheel_left"
    WHEEL_RIGHT = "wheel_right"
    BACK = "back"
    FORWARD = "forward"
    TENTH = "tenth"
    ELEVENTH = "eleventh"


class State(StrEnum):
    """The state of a session's process."""

    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"
    LOST = "lost"


RUNNING_STATES = frozenset({State.STARTING, State.RUNNING})
"""The states of a session that has not ended."""


class Activity(StrEnum):
    """An agent's activity, as far as its own signals tell."""

    WORKING = "working"
    NEEDS_INPUT = "needs_input"
    IDLE = "idle"
    SUSPENDED = "suspended"
    """The program is stopped, by Ctrl+Z or a signal, and the next input continues it."""
    NO_SIGNAL = "no_signal"
    RUNNING = "running"
    """A shell or command runs a program that reports none; no host says this, see ``standing.status``."""

    @classmethod
    def _missing_(cls, value: object) -> Activity:  # noqa: ARG003 - enum's signature
        """An activity of another version of Outlive, or of a machine that lies."""
        return cls.NO_SIGNAL

    @property
    def words(self) -> str:
        """The activity in words."""
        return "needs you" if self is Activity.NEEDS_INPUT else self.value.replace("_", " ")


BACKGROUND: Final = "background"
"""The source of the activity "working" of an agent that takes prompts, while something that it started runs on."""

SILENCE: Final = "silence"
"""The source of the activity "no signal" that begins because no report came."""

FOLLOW_UP_S: Final = 2.0
"""How long an agent has to begin a turn by itself when that is over; until then it counts as working."""

TURN_FAILED: Final = "stopped by an error"
"""An idle agent's activity in words, if an error stopped its turn."""

STOPPED_BY_LIMIT: Final = "stopped by a limit"
"""The same if a limit of the user's subscription did, and it is known until when."""


def in_turns(activity: Activity, source: str) -> Activity:
    """The activity as to the agent's turns: it is idle between them, although something that it started runs on."""
    return Activity.IDLE if source == BACKGROUND else activity


WITHOUT_AGENT = frozenset({"shell", "command"})
"""Catalog names without activity signals: their foreground program is shown instead."""

FOREGROUND: Final = "foreground"
"""The source of an activity that the foreground program alone shows."""


ENDPOINT = "endpoint"
"""The catalog name of our own agent, the chat with a model server."""


MODIFIER_KEYS = frozenset({"Shift", "Control", "Alt", "Super", "CapsLock", "NumLock", "ScrollLock"})
"""Names of keys that neither type text nor move the cursor."""

# fmt: off
NAMED_KEYS = MODIFIER_KEYS | frozenset(
    [
        "Enter", "Tab", "Backspace", "Escape", "Space",
        "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
        "Home", "End", "PageUp", "PageDown", "Insert", "Delete",
        "PrintScreen", "Pause", "ContextMenu",
        *(f"F{n}" for n in range(1, 26)),
        *(f"Numpad{n}" for n in range(10)),
        "NumpadDecimal", "NumpadDivide", "NumpadMultiply", "NumpadSubtract", "NumpadAdd",
        "NumpadEnter", "NumpadEqual",
    ]
)
"""Names of keys that type no character; any other key is named by its unshifted character.

The names are those of the W3C's UI Events ``key`` and ``code`` values.
"""
# fmt: on


_MODIFIERS = {
    "shift": Modifiers.SHIFT,
    "alt": Modifiers.ALT,
    "ctrl": Modifiers.CTRL,
    "control": Modifiers.CTRL,
    "super": Modifiers.SUPER,
    "meta": Modifiers.ALT,
}
_ALIASES = {
    "up": "ArrowUp",
    "down": "ArrowDown",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "esc": "Escape",
    "return": "Enter",
    "del": "Delete",
    "ins": "Insert",
    "pgup": "PageUp",
    "pgdn": "PageDown",
    "pgdown": "PageDown",
    "bspace": "Backspace",
    "bs": "Backspace",
    "plus": "+",
}
_NAMES = {name.lower(): name for name in NAMED_KEYS} | _ALIASES


def parse_key(text: str) -> tuple[str, str, Modifiers]:
    """Parse a key's name.

    Returns:
        The key as in ``messages.Key``, the text that it types ("" for none), and the modifiers.

    Raises:
        ValueError: there is no such key; the message is one line for the user.
    """
    *prefixes, name = text.replace("++", "+plus").split("+") if text != "+" else [text]
    modifiers = Modifiers.NONE
    for prefix in prefixes:
        if prefix.lower() not in _MODIFIERS:
            raise ValueError(f"invalid key {text!r}: {prefix!r} is not Ctrl, Alt, Shift or Super")
        modifiers |= _MODIFIERS[prefix.lower()]
    named = _NAMES.get(name.lower()) if len(name) > 1 else None
    if named == "Space":
        return named, " ", modifiers
    if named is not None and len(named) > 1:
        return named, "", modifiers
    character = named or name
    if len(character) != 1 or not character.isprintable():
        raise ValueError(f"invalid key {text!r}; use a character, or a name such as Enter, Up, F5, Ctrl+c")
    key = character.lower()
    if character != key:
        modifiers |= Modifiers.SHIFT
    types_text = not modifiers & (Modifiers.CTRL | Modifiers.ALT | Modifiers.SUPER)
    typed = key.upper() if modifiers & Modifiers.SHIFT else character
    return key, typed if types_text else "", modifiers


HANDED_OVER = "handover-"
"""The beginning of the name of the file with the conversation that a chat has taken over."""
