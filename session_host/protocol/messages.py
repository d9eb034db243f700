"""The messages between a client and a host, as structs; the socket carries nothing else.

A connection, from the client's side::

    → Hello(protocol, role, engine_build)            ← Welcome(…) | Error
    → Attach(size, …)                                ← Starting()?  Attached(attachment, offset, …)
                                                     ← SnapshotPart × n   (the state at `offset`)
                                                     ← Output(offset, data) | Resized | Event …
    → Key | Text | Paste | Mouse | Focus             ← InputAck(attachment, sequence) | InputRefused
    → Prompt | AnswerRequest | …                      (the same, for a structured chat)
    → AcceptRefusal, Resize, Follow, Detach, ClearTerminal, Continue
    → Describe | Peek | Send | Stop | Kill | Rename   ← Description | Screen | Done | Failed
    → PeekColors                                      ← ScreenColors
    → SendChatInput, OpenRequests                     ← Done | Failed | AgentRequests × n
    → SendLater, WhyAwake, Sleep                      ← Done | Failed
    → Explain                                         ← Explanation
    → Report                                          (from the agent's hooks; without a reply)
    → AskUser                                         ← UserAnswer   (from a hook that takes the user's answer)

No message carries raw bytes to the host: a viewer sends the user's actions, and the host encodes them by the current
modes. So a terminal's automatic replies cannot reach the program.

``offset`` counts bytes of the session's output from its start. ``sequence`` counts a viewer's inputs from 1 within one
attachment; acknowledgements are cumulative.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .codec import MAX_FRAME_BYTES
from .facts import AgentStatus, ChatFacts, Foreground, Outcome
from .values import (
    Activity,
    CellSize,
    CommandTime,
    GridSize,
    Image,
    KeyAction,
    MouseAction,
    MouseButton,
    SnapshotKind,
    State,
)


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """One change of an agent's activity."""

    at: str
    """ISO 8601, UTC."""
    activity: Activity
    source: str
    detail: str = ""


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """The last report of one source."""

    source: str
    """As in ``Transition``: "hook", "state file", "osc 7501", …"""
    at: str
    said: str
    """In the source's own words, one line: "PermissionRequest", "state=working"."""
    activity: Activity | None
    """The activity that the report means; None if it says nothing about it."""
    counts: bool
    """Whether the report counts now, and no stronger source overrides it."""


PROTOCOL_VERSION = 1
"""The version, increased with each change that a peer of another version would misread."""


MAX_PASTE_CHARACTERS = 1024 * 1024 // 4
"""The longest text of one Paste, Text or Send."""

MAX_WHOLE_PASTE_CHARACTERS = 16 * 1024 * 1024
"""The longest paste in several Paste messages."""

MAX_PROMPT_BYTES = MAX_FRAME_BYTES - 64 * 1024
"""The most text and images in one Prompt."""

OUTPUT_CHUNK_BYTES = 256 * 1024
"""The most data in one Output or SnapshotPart."""

RECEIVED_BYTES = 4 * 1024
"""A viewer at the end of a line sends ``Received`` when it has used so many bytes."""

EARLY_INPUT_BYTES = 64 * 1024
"""How much input is kept for a program that is not started yet."""

PENDING_INPUT_BYTES = 4 * 1024 * 1024
"""How much input is kept for a program that does not read."""

Role = Literal["viewer", "control"]

PromptMode = Literal["queue", "steer", "interrupt"]

Clearing = Literal["scrollback", "reset"]


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages; the tag on the wire is the class's name, of a renamed class its first name."""


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
    state: State


class Error(Message, frozen=True):
    """The connection cannot continue; the host closes it after this message."""

    code: str
    message: str


# ---------------------------------------------------------------- viewer to host


class Attach(Message, frozen=True):
    """Start following the session.

    ``resume`` names a previous attachment; ``offset`` and ``resizes`` are then its own. The host sends only
    the missing output, or a new snapshot if it no longer has that output.
    """

    size: GridSize | None = None
    cell: CellSize = CellSize()
    read_only: bool = False
    output: bool = True
    """Whether to send output; False for events only, as for a hidden tab."""
    resume: str = ""
    offset: int = -1
    resizes: int = 0
    """How many resizes the replica has applied: several can be at one offset."""
    kind: str = ""
    """The kind of viewer: "window", "attach", or "" for another; see ``SizeEvent``."""
    is_far: bool = False
    """Whether viewer and host are on different machines: the line may be slow, so the viewer sends ``Received``."""
    has_history: bool = True
    """Whether the viewer's replica has the history; not after a snapshot of the screen alone."""


class Follow(Message, frozen=True):
    """Start or stop receiving output. ``offset`` and ``resizes`` as in Attach; -1 asks for a snapshot."""

    attachment: str
    output: bool
    offset: int = -1
    resizes: int = 0
    has_history: bool = True


class Received(Message, frozen=True):
    """The viewer, which ``is_far``, has used so many more bytes of output and snapshots."""

    attachment: str
    length: int


class Detach(Message, frozen=True):
    """Stop following, without an effect on the agent."""

    attachment: str


class Resize(Message, frozen=True):
    """The viewer's grid changed, or the viewer is now the one in use."""

    attachment: str
    size: GridSize
    cell: CellSize = CellSize()


class Colors(Message, frozen=True):
    """The colours of the viewer's terminal, for answers to the program's queries.

    Each colour is 0xRRGGBB; ``dark`` means light text on a dark background; ``palette`` has the colours 0 to 15, or is
    empty if the viewer does not know them.
    """

    attachment: str
    foreground: int
    background: int
    cursor: int
    dark: bool
    palette: tuple[int, ...] = ()


class Key(Message, frozen=True):
    """A key on a keyboard.

    ``key`` is a name of ``values.NAMED_KEYS`` or the unshifted character; ``text`` is the text that the press types, ""
    for none; ``modifiers`` are bits of ``values.Modifiers``.
    """

    attachment: str
    sequence: int
    key: str
    text: str = ""
    modifiers: int = 0
    action: KeyAction = KeyAction.PRESS
    may_detach: bool = False
    """Refuse the key with NOTHING_TYPED if the agent's input line is believed empty: the viewer detaches then."""


class Typed(Message, frozen=True, tag="Text"):
    """Composed text (an input method's commit, a dropped word): typed, not pasted."""

    attachment: str
    sequence: int
    text: str


class Paste(Message, frozen=True):
    """Text from a clipboard; the host brackets it if the program enabled that."""

    attachment: str
    sequence: int
    text: str
    more: bool = False
    """Whether the next input is a Paste, too, with more of the same text."""


class AcceptRefusal(Message, frozen=True):
    """The user has seen that an input was refused: accept input again.

    After a refusal (TOO_LARGE, INPUT_FULL) the host refuses all input of the attachment until this message, so that no
    command runs with a part missing.
    """

    attachment: str


class Mouse(Message, frozen=True):
    """A mouse event at a cell, 0-based; the host drops it unless the program enabled such events."""

    attachment: str
    sequence: int
    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: int = 0


class Focus(Message, frozen=True):
    """The viewer got or lost the keyboard focus; passed on to a program that set mode 1004."""

    attachment: str
    sequence: int
    focused: bool


class ClearTerminal(Message, frozen=True):
    """Clear the terminal's scrollback, or reset what it shows; see ``terminal.clearing``.

    The host writes the sequences that do it into the output, where all viewers get them.
    """

    attachment: str
    what: Clearing


class Continue(Message, frozen=True):
    """Continue the program if it is suspended; see ``Activity.SUSPENDED``."""

    attachment: str


# ---------------------------------------------------------------- input of a structured chat


class FromUser(Message, frozen=True, kw_only=True):
    """Input of a structured chat. A viewer fills in its attachment and the number; commands leave them empty."""

    attachment: str = ""
    sequence: int = 0


class Prompt(FromUser, frozen=True):
    """A prompt for the agent.

    ``mode`` matters while a turn runs: "queue" waits for its end, "steer" adds the text to it, "interrupt" ends it.
    """

    text: str
    mode: PromptMode = "queue"
    images: tuple[Image, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The size of text and images; at most ``MAX_PROMPT_BYTES`` can be sent."""
        return len(self.text.encode(errors="replace")) + sum(len(each.data) for each in self.images)


class WithdrawPrompt(FromUser, frozen=True):
    """Take a prompt back that is not sent yet; ``item`` is its item's id."""

    item: str


class Interrupt(FromUser, frozen=True):
    """Interrupt the running turn."""


class SendNow(FromUser, frozen=True):
    """Interrupt the running turn, and send a queued prompt before the others; ``item`` is its item's id."""

    item: str


class PassAmount(FromUser, frozen=True):
    """Send a prompt although the user's amount of money is reached; see ``Item.is_asked_about``.

    A host of an earlier version does not know it, and asks about no prompt.
    """

    item: str = ""
    """The prompt's item; "" for the next prompt."""


class ReleaseHeld(FromUser, frozen=True):
    """Send the prompts that wait since the turn was stopped, or with ``discard`` take them all back.

    Of a prompt that waits at an amount, look again whether that is reached.
    """

    discard: bool = False


class AnswerRequest(FromUser, frozen=True):
    """The user's answer to a request of the agent; only the first one counts."""

    agent_request: str
    """The request's id."""
    option: str
    """The id of one of its options; "" for ``texts``."""
    digest: str
    """The digest of the request as it was shown (``structured.items.digest``)."""
    texts: dict[str, str] = {}
    """Answers to questions, by the questions' ids."""


class ChangeSetting(FromUser, frozen=True):
    """Change a setting of the agent's session, such as its model."""

    setting: str
    value: str


# ---------------------------------------------------------------- host to viewer


class Starting(Message, frozen=True):
    """The attach is accepted, and the program is not running yet. Input is kept in order."""

    attachment: str


class Attached(Message, frozen=True):
    """The PTY is open and the program is running (or has ended, see ``state``).

    Output continues at ``offset``: after the snapshot, or at the viewer's offset if ``resumed``. ``last_sequence`` is
    the last input of this attachment that the host has received.
    """

    attachment: str
    offset: int
    size: GridSize
    state: State
    read_only: bool
    resumed: bool
    last_sequence: int


class SnapshotPart(Message, frozen=True):
    """A part of the emulator's state at ``offset``; the state is all parts joined in order.

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
    kind: SnapshotKind = SnapshotKind.WHOLE


class Output(Message, frozen=True):
    """Output of the program; ``offset`` is the offset of its first byte."""

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

    outcome: Outcome


class TitleEvent(Message, frozen=True):
    """The program set its title (without control characters)."""

    title: str


class NameEvent(Message, frozen=True):
    """The user renamed the session."""

    name: str


class ActivityEvent(Message, frozen=True):
    """The agent's activity changed."""

    status: AgentStatus
    turn: int = -1
    """The offset of the output at which a turn of the agent began with this change; -1 if none did."""


class ForegroundEvent(Message, frozen=True):
    """The program in the foreground of a shell's terminal changed. Sent for shells and commands only."""

    foreground: Foreground


class CommandEvent(Message, frozen=True):
    """Commands of a shell began or ended, by the shell's marks in the output."""

    times: tuple[CommandTime, ...]


class SizeEvent(Message, frozen=True):
    """A viewer set the grid's size. ``set_by`` is its kind as in Attach."""

    size: GridSize
    set_by: str


class BellEvent(Message, frozen=True):
    """The program rang the bell."""


class NotificationEvent(Message, frozen=True):
    """The program requested a desktop notification (OSC 9, 99, 777); without control characters."""

    title: str
    body: str
    identity: str = ""
    """A later notification with the same one replaces this one; "" for none."""


class OutputEvent(Message, frozen=True):
    """There is new output; sent at most once a second to viewers that receive events only."""

    offset: int


class ClipboardEvent(Message, frozen=True):
    """The program requested to set the clipboard (OSC 52); the viewer decides."""

    text: str
    targets: str = "c"
    """The letters of "c", the clipboard, and "p", the primary selection."""


class NoticeEvent(Message, frozen=True):
    """A problem of the session itself, or its end (``text`` is "").

    ``kind`` is "recording": its output cannot be written to the disk; or "starting": input waits until the agent, which
    is starting, takes it.
    """

    kind: str
    text: str


class InputAck(Message, frozen=True):
    """All inputs of the attachment up to ``sequence`` are written to the program or refused."""

    attachment: str
    sequence: int


class InputRefused(Message, frozen=True):
    """An input was refused; the viewer tells its user."""

    attachment: str
    sequence: int
    code: str
    message: str


# ---------------------------------------------------------------- requests and replies


class Describe(Message, frozen=True):
    """Ask for a Description."""

    request: int


class Peek(Message, frozen=True):
    """Ask for a Screen: the last ``lines`` logical lines (0 for all).

    With ``command`` N, its lines are the output of the N-th last command that has ended, by the shell's marks.
    """

    request: int
    lines: int = 0
    scrollback: bool = False
    ansi: bool = False
    command: int = 0


class PeekColors(Message, frozen=True):
    """Ask for the ScreenColors of a terminal. A host of 0.1.0 does not know it, and ends the connection."""

    request: int


class Send(Message, frozen=True):
    """Type into the session without attaching: text, then keys, then Enter."""

    request: int
    text: str = ""
    paste: bool = False
    keys: list[str] = []
    """Key names as in Key, with modifiers before them: "Ctrl+c", "Shift+Tab", "Enter"."""
    enter: bool = False
    token: str = ""
    """32 hexadecimal digits that identify this request: a repeated one is not typed twice."""
    anyway: bool = False
    """Type the text even while the chat needs input."""
    is_own: bool = False
    """It is of the chat's own agent; the host sets it (``session.own_prompts``)."""
    is_guarded: bool = False
    """Type it only as the chat's own agent may: into an empty input line, with Enter only where it is seen alone."""
    by: str = "command"
    """The kind of client, as in Attach."""
    seen: str = ""
    """Type it only onto the screen that the user saw, by ``terminal.text.screen_hash``; "" for any."""


class Stop(Message, frozen=True):
    """End the agent gracefully: SIGTERM, then SIGHUP, then SIGKILL. Done is sent when it has ended."""

    request: int


class Kill(Message, frozen=True):
    """End the agent at once. Done is sent when it has ended."""

    request: int


class Rename(Message, frozen=True):
    """Rename the session (the sender updates the store)."""

    request: int
    name: str


class SendChatInput(Message, frozen=True):
    """Give a structured chat an input without attaching; its ``attachment`` is "". The tag is the earlier name."""

    request: int
    chat_input: Prompt | WithdrawPrompt | Interrupt | SendNow | PassAmount | ReleaseHeld | AnswerRequest | ChangeSetting
    token: str = ""
    """As in Send."""
    by: str = "command"
    """The kind of client, as in Attach."""


class SendLater(Message, frozen=True):
    """Send a prompt at a time, in place of another one that waits; without a text, take that one back.

    A host of an earlier version does not know it, and ends the connection.
    """

    request: int
    text: str = ""
    at: str = ""
    """When: ISO 8601, UTC. "" is now, or with ``continues`` soon after the limit is reset that ended the last turn."""
    continues: bool = False
    """Only if that turn is the last one then."""
    by: str = "command"
    """The kind of client, as in Attach."""
    agents: str = ""
    """The agents' chats to which the client belongs; the host sets it (``facts.LaterPrompt``)."""


class WhyAwake(Message, frozen=True):
    """Ask why the agent is not to be put to sleep: the note of Done, clauses after the chat's name; "" if it may be.

    A host of an earlier version does not know this and ``Sleep``, and ends the connection.
    """

    request: int


FALLS_ASLEEP = "the chat is being put to sleep"
"""The message of Failed (ENDED) to a text that comes meanwhile; a text then wakes the chat."""


class Sleep(Message, frozen=True):
    """End the agent as by Stop, so that a text may wake it; see ``standing.sleep``.

    Failed with AWAKE says why not. Done is sent when it has ended; its note is as of ``WhyAwake``, with ``anyway``.
    """

    request: int
    anyway: bool = False
    """Whatever ends with it."""


class OpenRequests(Message, frozen=True):
    """Ask for the agent's requests that wait for an answer: a structured chat's, or those of a terminal's hooks."""

    request: int


class Explain(Message, frozen=True):
    """Ask for an Explanation."""

    request: int


class Report(Message, frozen=True):
    """An agent's report of its activity, from a hook or plugin of its session.

    The sender does not wait for an answer, so that the agent is not delayed. ``launch.Watch`` defines its meaning.
    """

    source: Literal["hook", "plugin"]
    event: str
    """The agent's name of the event."""
    conversation: str = ""
    """The agent's id of the event's conversation; "" if unknown."""
    detail: str = ""
    """The question or the task; one line."""
    done: str = ""
    """JSON: tool calls that have ended, which closes their questions; such a report has no activity. "" for none."""
    report_id: str = ""
    """The value of ``launch.REPORT_ID`` in the session; reports with another one are dropped."""


class AskUser(Message, frozen=True):
    """A question from a hook of the agent; the hook waits for the answer. ``launch.Watch`` defines its form.

    The agent shows the same question in its own dialog meanwhile. A hook whose connection breaks asks again, with the
    same ``id``.
    """

    request: int
    id: str
    data: str
    """The hook's input, as the agent wrote it."""
    again: bool = False
    """Whether another host was asked first."""
    report_id: str = ""
    """As in Report."""
    detail: str = ""
    """As in Report: the question in one line."""


class HostReport(msgspec.Struct, frozen=True, array_like=True):
    """A host about itself."""

    viewers: int
    offset: int
    """The offset of the end of the output."""
    keeper_pid: int | None = None
    version: str = ""
    """The host's code version."""
    journal_bytes: int | None = None
    notice: str = ""
    """A problem of the session, one line; "" for none."""
    last_output: str = ""
    """When the program last wrote output, ISO 8601; "" for never, or unknown."""
    unsaved_event: int = 0
    """The number of the newest event, if the ledger has not got it yet; else 0."""
    unsaved: bytes = b""
    """Events that the ledger has not got, as msgpack of ``NumberedEvent``; see ``events.for_readers``. b"" for none."""
    reports_to: str = ""
    """As in ``LaunchSpec``."""


class Description(Message, frozen=True):
    """A session, as its host knows it."""

    request: int
    facts: ChatFacts
    host: HostReport


class Explanation(Message, frozen=True):
    """Where the state and the activity come from.

    Times are ISO 8601, UTC; "" for none.
    """

    request: int
    now: str
    child_pid: int | None
    child_started: int | None
    """Clock ticks since boot, as in proc(5)."""
    last_output: str
    last_input: str
    stale_after_s: float
    """After this time without output or report, a working agent is "no signal"."""
    evidence: list[Evidence]
    """The last report of each source, strongest first."""
    transitions: list[Transition]
    """The last changes, oldest first."""
    conversation: str
    conversation_source: str
    """The source of the conversation's id; "" if it is unknown."""
    remark: str = ""
    """A remark about all this, for the user."""


class Screen(Message, frozen=True):
    """The screen as text: logical lines, soft wraps joined.

    Lines that exceed a frame are sent as several Screens; ``last`` is True in the last one. ``commands`` says
    how many commands have ended on the screen and above it, if a Peek asked for one; -1 if the shell marks none.
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
    commands: int = -1


class ScreenColors(Message, frozen=True):
    """The colours of a terminal's screen, as its program was told them or set them itself.

    Each is 0xRRGGBB; ``palette`` has the colours 0 to 15.
    """

    request: int
    foreground: int
    background: int
    palette: tuple[int, ...]


class AgentRequests(Message, frozen=True):
    """The agent's open requests, oldest first: a list of ``structured.items.AgentRequest`` as msgpack.

    A list that exceeds a frame is sent in several pieces; ``last`` is True in the last one.
    """

    request: int
    data: bytes
    last: bool = True
    elsewhere: str = ""
    """The question that the agent shows in its terminal, one line, if it is none of these."""
    outcome: str = ""
    """How the newest question was resolved that is not open any more, one line; "" for none."""
    outcome_at_ms: int = 0
    """The time of that, in milliseconds since 1970."""


class UserAnswer(Message, frozen=True):
    """The reply to AskUser."""

    request: int
    output: bytes
    """The output with which the hook tells the agent the answer; b"" leaves the answer to the agent's own dialog."""


MAY_JOIN = "whether its input line was empty is not known"
"""The end of a note (``Done``) on a text that was typed with Enter: it may have joined another one."""


class Done(Message, frozen=True):
    """The request was carried out.

    Attributes:
        note: how the request was carried out, if not in the usual way, one line; else "".
        turn: the number of the turn that runs since a text was sent to an agent in a terminal; 0 for none.
    """

    request: int
    note: str = ""
    turn: int = 0


class Failed(Message, frozen=True):
    """The request was not carried out."""

    request: int
    code: str
    message: str


ChatInput = Prompt | WithdrawPrompt | Interrupt | SendNow | PassAmount | ReleaseHeld | AnswerRequest | ChangeSetting
CHAT_INPUTS = (Prompt, WithdrawPrompt, Interrupt, SendNow, PassAmount, ReleaseHeld, AnswerRequest, ChangeSetting)
"""The classes of ``ChatInput`` (the input of a structured chat), for isinstance."""

INPUTS = (Key, Typed, Paste, Mouse, Focus, *CHAT_INPUTS)
"""The classes of ``Input``, for isinstance."""

Input = Key | Typed | Paste | Mouse | Focus | ChatInput
# fmt: off
Request = (
    Describe | Peek | PeekColors | Send | SendLater | WhyAwake | Sleep | Stop | Kill | Rename | Explain | SendChatInput
    | OpenRequests
)
Reply = Description | Explanation | Screen | ScreenColors | AgentRequests | UserAnswer | Done | Failed
Event = (
    StateEvent | TitleEvent | NameEvent | ActivityEvent | ForegroundEvent | BellEvent | NotificationEvent
    | OutputEvent | ClipboardEvent | NoticeEvent | SizeEvent | CommandEvent
)

FromClient = (
    Hello | Attach | Follow | Received | Detach | Resize | Colors | AcceptRefusal | ClearTerminal | Continue
    | Key | Typed | Paste | Mouse | Focus
    | Prompt | WithdrawPrompt | Interrupt | SendNow | PassAmount | ReleaseHeld | AnswerRequest | ChangeSetting
    | Describe | Peek | PeekColors | Send | SendLater | WhyAwake | Sleep | Stop | Kill | Rename | Explain
    | SendChatInput | OpenRequests | Report | AskUser
)
FromHost = (
    Welcome | Error | Starting | Attached | SnapshotPart | Output | Resized
    | StateEvent | TitleEvent | NameEvent | ActivityEvent | ForegroundEvent | BellEvent | NotificationEvent
    | OutputEvent | ClipboardEvent | NoticeEvent | SizeEvent | CommandEvent | InputAck | InputRefused
    | Description | Explanation | Screen | ScreenColors | AgentRequests | UserAnswer | Done | Failed
)
# fmt: on
