"""The messages between a client and a host, as structs; nothing else ever crosses the socket.

A conversation, from the client's side::

    → Hello(protocol, role, engine_build)            ← Welcome(…) | Error
    → Attach(size, …)                                ← Starting()?  Attached(attachment, offset, …)
                                                     ← SnapshotPart × n   (the state at `offset`)
                                                     ← Output(offset, data) | Resized | Event …
    → Key | Text | Paste | Mouse | Focus             ← InputAck(attachment, sequence) | InputRefused
    → GoOn, Resize, Follow, Detach
    → Describe | Peek | Send | Stop | Kill | Rename   ← Description | Screen | Done | Failed
    → Explain                                         ← Explanation
    → Report                                          (the agent's own hooks; nothing comes back)

There is no message that carries raw bytes towards the host: what a viewer may send is what a
user did, and the host encodes it against the modes in force. A terminal's automatic replies have
no message to travel in.

``offset`` counts bytes of the session's output from its start. ``epoch`` names one life of that
count: an offset of another epoch means nothing. ``sequence`` counts a viewer's inputs from 1
within one attachment; acknowledgements are cumulative.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .evidence import Evidence, Transition
from .values import Activity, CellSize, GridSize, KeyAction, MouseAction, MouseButton, State

PROTOCOL_VERSION = 6
"""Raised with each change that an older peer would misread."""

OLDEST_PROTOCOL_VERSION = 1
"""What is still spoken with a peer that knows no better; see ``compatibility``."""

MAX_FRAME_BYTES = 2 * 1024 * 1024
"""A frame longer than this is refused before it is read."""

MAX_PASTE_CHARACTERS = 1024 * 1024 // 4
"""The longest text of one Paste, Text or Send."""

MAX_WHOLE_PASTE_CHARACTERS = 16 * 1024 * 1024
"""The longest paste that several Paste messages carry."""

OUTPUT_CHUNK_BYTES = 256 * 1024
"""The most data that one Output or SnapshotPart carries."""

EARLY_INPUT_BYTES = 64 * 1024
"""Input kept for a program that is not started yet."""

PENDING_INPUT_BYTES = 4 * 1024 * 1024
"""Input kept for a program that does not read."""

Role = Literal["viewer", "control"]


class ErrorCode:
    """The codes of ``Error``, ``Failed`` and ``InputRefused``; each says who does what next."""

    VERSION = "version"
    """The peer speaks another protocol version: upgrade one side."""
    VIOLATION = "violation"
    """The peer broke the protocol and is dropped."""
    TOO_LARGE = "too_large"
    """A frame, text or grid is over its bound."""
    STALE_ATTACHMENT = "stale_attachment"
    """The attachment is unknown or no longer this connection's: attach again."""
    READ_ONLY = "read_only"
    """The attachment may look and not type."""
    INPUT_FULL = "input_full"
    """The program does not read its input; this one was not kept."""
    HELD = "held"
    """An input before this one was refused, which the user has not seen yet; see ``GoOn``."""
    ENDED = "ended"
    """The session has ended."""
    FAILED = "failed"
    """The host could not do it, through no fault of the peer's."""
    NEEDS_INPUT = "needs_input"
    """The chat asks something; a text would be lost, or answer it: answer with a key, or send the text anyway."""
    NOT_ALLOWED = "not_allowed"
    """An agent may not control this chat, unless the user allows it."""
    BAD_REQUEST = "bad_request"
    """The request's values make no sense; the message says which."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages; the tag on the wire is the class's name."""


# ---------------------------------------------------------------- both ways at the start


class Hello(Message, frozen=True):
    """A client's first message."""

    protocol: int
    role: Role
    engine_build: str = ""
    """The engine and build of the client's replica, so that a binary snapshot fits; "" for none."""
    version: str = ""


class Welcome(Message, frozen=True):
    """The host's answer to Hello."""

    protocol: int
    version: str
    session_id: str
    epoch: str
    state: State


class Error(Message, frozen=True):
    """The connection cannot go on; it is closed after this."""

    code: str
    message: str


# ---------------------------------------------------------------- viewer to host


class Attach(Message, frozen=True):
    """Start to follow the session.

    With ``resume`` (an attachment of before) and its ``epoch``, ``offset`` and ``resizes``, only the
    missing output is sent, if the host still has it; else a fresh snapshot comes.
    """

    size: GridSize | None = None
    cell: CellSize = CellSize()
    read_only: bool = False
    output: bool = True
    """False: events only, as a hidden tab wants."""
    resume: str = ""
    epoch: str = ""
    offset: int = -1
    resizes: int = 0
    """How many resizes the replica has been through: several can stand at one offset."""
    kind: str = ""
    """The kind of viewer: "window", "attach", or "" for another; see ``SizeEvent``."""


class Follow(Message, frozen=True):
    """Begin or cease to receive output. ``offset`` and ``resizes`` as in Attach; -1 asks for a snapshot."""

    attachment: str
    output: bool
    epoch: str = ""
    offset: int = -1
    resizes: int = 0


class Detach(Message, frozen=True):
    """Cease to follow; the agent does not notice."""

    attachment: str


class Resize(Message, frozen=True):
    """The viewer's grid changed, or the viewer is now the one in use."""

    attachment: str
    size: GridSize
    cell: CellSize = CellSize()


class Colors(Message, frozen=True):
    """The colours that the viewer shows a terminal in, so that the program's queries are answered truly.

    Each is 0xRRGGBB; ``dark`` is light text on a dark ground.
    """

    attachment: str
    foreground: int
    background: int
    cursor: int
    dark: bool


class Key(Message, frozen=True):
    """A key on a keyboard.

    ``key`` is a name of ``values.NAMED_KEYS`` or the unshifted character; ``text`` is what the
    press types, "" if nothing; ``modifiers`` are bits of ``values.Modifiers``.
    """

    attachment: str
    sequence: int
    key: str
    text: str = ""
    modifiers: int = 0
    action: KeyAction = KeyAction.PRESS


class Text(Message, frozen=True):
    """Composed text (an input method's commit, a dropped word): typed, not pasted."""

    attachment: str
    sequence: int
    text: str


class Paste(Message, frozen=True):
    """Text from a clipboard; bracketed by the host if the program asked for that."""

    attachment: str
    sequence: int
    text: str
    more: bool = False
    """The next input is a Paste too, which goes on with the same text."""


class GoOn(Message, frozen=True):
    """The user has seen that an input was refused.

    From a refusal (TOO_LARGE, INPUT_FULL) until this comes, the host refuses all input of the attachment: of a
    command that was typed, no part is to run without the others.
    """

    attachment: str


class Mouse(Message, frozen=True):
    """A mouse event at a cell, 0-based; the host drops it unless the program asked for it."""

    attachment: str
    sequence: int
    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: int = 0


class Focus(Message, frozen=True):
    """The viewer got or lost the keyboard; sent on to a program that set mode 1004."""

    attachment: str
    sequence: int
    focused: bool


# ---------------------------------------------------------------- host to viewer


class Starting(Message, frozen=True):
    """The attach is heard; the program is not running yet. Input is kept in order."""

    attachment: str


class Attached(Message, frozen=True):
    """The PTY is open and the program is running (or has ended, see ``state``).

    ``offset`` is where output will go on: after the snapshot, or from where the viewer was if
    ``resumed``. ``last_sequence`` is the last input of this attachment that the host has taken.
    """

    attachment: str
    epoch: str
    offset: int
    size: GridSize
    state: State
    read_only: bool
    resumed: bool
    last_sequence: int


class SnapshotPart(Message, frozen=True):
    """A piece of the emulator's state at ``offset``; the state is the pieces joined in order.

    ``form`` is an engine build (its own binary form) or "vt" (bytes to feed to a fresh emulator
    of ``size`` with ``scrollback_lines``).
    """

    offset: int
    resizes: int
    form: str
    size: GridSize
    scrollback_lines: int
    last: bool
    data: bytes


class Output(Message, frozen=True):
    """Output of the program; ``offset`` is that of the first byte."""

    offset: int
    data: bytes


class Resized(Message, frozen=True):
    """At ``offset`` the grid became ``size``; replicas reflow at the same byte as the host.

    ``number`` counts the session's resizes from 1.
    """

    offset: int
    size: GridSize
    cell: CellSize = CellSize()
    number: int = 0


class StateEvent(Message, frozen=True):
    """The session's process changed."""

    state: State
    exit_code: int | None = None
    exit_signal: int | None = None
    end_request: str = ""
    """What the user asked for before the end: "stop" or "kill"; "" for nothing."""


class TitleEvent(Message, frozen=True):
    """The program set its title (control characters stripped)."""

    title: str


class NameEvent(Message, frozen=True):
    """The user renamed the session."""

    name: str


class ActivityEvent(Message, frozen=True):
    """What the agent is doing changed."""

    activity: Activity
    source: str
    since: str
    """ISO 8601, UTC."""
    detail: str = ""


class ForegroundEvent(Message, frozen=True):
    """Another program has a shell's terminal, or the shell itself again. Told of shells and commands only."""

    program: str
    """Its command line, shortened; "" for a shell that waits for a command."""
    since: str
    """ISO 8601, UTC."""
    last_exit_code: int | None = None
    """How the shell's last command ended; None while one runs, or if that is not known."""
    last_ended: str = ""
    """When it did so, ISO 8601, UTC; "" where ``last_exit_code`` is None."""


class SizeEvent(Message, frozen=True):
    """A viewer set the grid's size. ``set_by`` is its kind as in Attach."""

    size: GridSize
    set_by: str


class BellEvent(Message, frozen=True):
    """The program rang the bell."""


class NotificationEvent(Message, frozen=True):
    """The program asked for a desktop notification (OSC 9, 99, 777); control characters stripped."""

    title: str
    body: str


class OutputEvent(Message, frozen=True):
    """There is new output; sent at most once a second to those who follow events only."""

    offset: int


class ClipboardEvent(Message, frozen=True):
    """The program asked to set the clipboard (OSC 52); the viewer decides."""

    text: str


class NoticeEvent(Message, frozen=True):
    """Something about the session itself is not as it should be, or is again (``text`` is "").

    ``kind`` is "recording": its output cannot be written to the disk.
    """

    kind: str
    text: str


class InputAck(Message, frozen=True):
    """All inputs of the attachment up to ``sequence`` were written to the program or refused."""

    attachment: str
    sequence: int


class InputRefused(Message, frozen=True):
    """One input was not taken; the viewer says so to its user."""

    attachment: str
    sequence: int
    code: str
    message: str


# ---------------------------------------------------------------- requests and replies


class Describe(Message, frozen=True):
    """Ask for a Description."""

    request: int


class Peek(Message, frozen=True):
    """Ask for a Screen: the last ``lines`` logical lines (0 for all)."""

    request: int
    lines: int = 0
    scrollback: bool = False
    ansi: bool = False


class Send(Message, frozen=True):
    """Type into the session without attaching: text, then keys, then Enter."""

    request: int
    text: str = ""
    paste: bool = False
    keys: list[str] = []
    """Names as in Key, with modifiers before them: "Ctrl+c", "Shift+Tab", "Enter"."""
    enter: bool = False
    token: str = ""
    """32 hexadecimal digits that name this very wish: asked again with them, it is not typed twice."""
    anyway: bool = False
    """Type the text even while the chat needs input."""


class Stop(Message, frozen=True):
    """End the agent politely: SIGTERM, then SIGHUP, then SIGKILL. Done comes when it has ended."""

    request: int


class Kill(Message, frozen=True):
    """End the agent at once. Done comes when it has ended."""

    request: int


class Rename(Message, frozen=True):
    """Give the session another name (the store is the caller's to write)."""

    request: int
    name: str


class Explain(Message, frozen=True):
    """Ask for an Explanation."""

    request: int


class Report(Message, frozen=True):
    """An agent's report of its activity, by a hook or plugin that it was started with.

    The sender does not wait for an answer, so as not to delay the agent. ``launch.Watch`` defines its meaning.
    """

    source: Literal["hook", "plugin"]
    event: str
    """The agent's own name for it."""
    conversation: str = ""
    """The agent's id of the conversation it is about; "" if it does not tell."""
    detail: str = ""
    """What is asked, or done; one line."""


class Description(Message, frozen=True):
    """What a host knows of its session."""

    request: int
    session_id: str
    name: str
    agent: str
    state: State
    exit_code: int | None
    exit_signal: int | None
    activity: Activity
    activity_source: str
    activity_since: str
    title: str
    size: GridSize
    viewers: int
    engine: str
    host_pid: int
    child_pid: int | None
    offset: int
    argv: list[str]
    cwd: str
    created_at: str
    keeper_pid: int | None = None
    version: str = ""
    """Of the code that the host runs."""
    journal_bytes: int | None = None
    notice: str = ""
    """What is not as it should be, one line; "" if all is."""
    activity_detail: str = ""
    """What the agent asks, or said with it; one line."""
    conversation: str = ""
    """The agent's own id of the conversation that it is in; "" while that is not known."""
    foreground: str | None = None
    """The command line of the program that has the terminal; "" for a shell that waits, None if it is not known."""
    foreground_since: str = ""
    last_output: str = ""
    """When the program last wrote something, ISO 8601; "" for never, or not known."""
    end_request: str = ""
    """As in ``StateEvent``."""
    last_exit_code: int | None = None
    """As in ``ForegroundEvent``, as is ``last_ended``."""
    last_ended: str = ""


class Explanation(Message, frozen=True):
    """Where state and activity come from.

    Times are ISO 8601, UTC; "" where there was none.
    """

    request: int
    now: str
    child_pid: int | None
    child_started: int | None
    """In clock ticks since boot, as in proc(5)."""
    last_output: str
    last_input: str
    stale_after_s: float
    """Work without output or word for so long is "no signal"."""
    evidence: list[Evidence]
    """The last word of each source that has spoken, strongest first."""
    transitions: list[Transition]
    """The last changes, oldest first."""
    conversation: str
    conversation_source: str
    """How the conversation's id is known; "" if it is not."""
    remark: str = ""
    """What is to be known of all this, for people."""


class Screen(Message, frozen=True):
    """The screen as text: logical lines, soft wraps joined.

    More lines than a frame can carry come as several Screens; ``last`` is True in the last of them.
    """

    request: int
    lines: list[str]
    cursor_column: int
    cursor_row: int
    cursor_visible: bool
    title: str
    size: GridSize
    alternate_screen: bool
    scrollback_lines: int
    last: bool = True


class Done(Message, frozen=True):
    """The request was carried out.

    Attributes:
        note: how, where that is not the usual way: one line; "" for the usual way.
    """

    request: int
    note: str = ""


class Failed(Message, frozen=True):
    """The request was not carried out."""

    request: int
    code: str
    message: str


Input = Key | Text | Paste | Mouse | Focus
Request = Describe | Peek | Send | Stop | Kill | Rename | Explain
Reply = Description | Explanation | Screen | Done | Failed
Event = (
    StateEvent | TitleEvent | NameEvent | ActivityEvent | ForegroundEvent | BellEvent | NotificationEvent
    | OutputEvent | ClipboardEvent | NoticeEvent | SizeEvent
)  # fmt: skip

FromClient = (
    Hello | Attach | Follow | Detach | Resize | Colors | GoOn
    | Key | Text | Paste | Mouse | Focus
    | Describe | Peek | Send | Stop | Kill | Rename | Explain | Report
)  # fmt: skip
FromHost = (
    Welcome | Error | Starting | Attached | SnapshotPart | Output | Resized
    | StateEvent | TitleEvent | NameEvent | ActivityEvent | ForegroundEvent | BellEvent | NotificationEvent
    | OutputEvent | ClipboardEvent | NoticeEvent | SizeEvent | InputAck | InputRefused
    | Description | Explanation | Screen | Done | Failed
)  # fmt: skip
