"""Bells, notifications, the clipboard and the title for the outer terminal. Pure: values in, bytes out.

No byte of the program passes through: these are events that the host found in the program's output. The host sends
them once and to the viewers of that moment, so that nothing rings again when a viewer attaches.

========================================== ===================================================================
outer terminal                             gets
========================================== ===================================================================
xterm and the terminals that resemble it   OSC 777: shown by kitty, Ghostty, WezTerm, foot, Konsole, urxvt and some
                                           builds of VTE; ignored by the others, such as xterm and Alacritty
iTerm2                                     OSC 9, its own; it ignores OSC 777
tmux                                       the same within its passthrough, which it ignores unless the user has set
                                           ``allow-passthrough``
others: Linux console, screen, …           the bell only: they print sequences that they do not know, or long ones
dumb                                       nothing: it prints each character
========================================== ===================================================================

Never more than one of these sequences, since kitty knows all of them, and would show a notification twice.

The text for the clipboard (OSC 52) goes to all but the last two kinds; the terminal decides whether a program may set
its clipboard. tmux reads it without the passthrough, with ``set-clipboard on``.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from session_host.client.chats.notification_rules import NotificationRules, read_rules
from session_host.protocol.messages import ActivityEvent
from session_host.protocol.shown_duration import exact_duration
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Activity

SIGNALS: Final = "OUTLIVE_ATTACH_SIGNALS"
"""The environment variable that turns bells, notifications, the clipboard and the title off, if it is "0"."""
MAX_TITLE_CHARACTERS: Final = 100
MAX_BODY_CHARACTERS: Final = 400
BELL: Final = b"\a"

Kind = Literal["silent", "plain", "xterm", "iterm", "tmux"]

# fmt: off
_LIKE_XTERM: Final = (
    "xterm", "kitty", "ghostty", "wezterm", "foot", "konsole", "vte", "gnome", "rxvt", "alacritty", "contour", "iterm",
    "mintty", "mlterm", "st-", "rio", "warp",
)
# fmt: on
_PUSH_TITLE: Final = b"\x1b[22;2t"
_POP_TITLE: Final = b"\x1b[23;2t"


def kind_of(environment: Mapping[str, str]) -> Kind:
    """The kind of the outer terminal, by the variables of this process."""
    term = environment.get("TERM", "")
    if environment.get(SIGNALS) == "0" or term == "dumb":  # A dumb terminal prints the bell's character.
        return "silent"
    if "TMUX" in environment or term.startswith("tmux"):
        return "tmux"
    if "iTerm" in environment.get("TERM_PROGRAM", "") or "iTerm" in environment.get("LC_TERMINAL", ""):
        return "iterm"
    return "xterm" if term.startswith(_LIKE_XTERM) else "plain"


class OuterSignals:
    """Makes the sequences for one outer terminal."""

    def __init__(self, environment: Mapping[str, str], encoding: str = "utf-8") -> None:
        self._kind = kind_of(environment)
        self._encoding = encoding
        self._title = ""

    def bell(self) -> bytes:
        """Ring."""
        return b"" if self._kind == "silent" else BELL

    def notification(self, chat: str, title: str, body: str) -> bytes:
        """Show a program's notification; it begins with the chat's name, so that no program can speak as another."""
        heading = _field(f"{chat}: {title}" if title else chat, MAX_TITLE_CHARACTERS)
        text = _field(body, MAX_BODY_CHARACTERS)
        match self._kind:
            case "iterm":
                return self._encoded(f"\x1b]9;{heading}: {text}\a" if text else f"\x1b]9;{heading}\a")
            case "xterm":
                return self._encoded(f"\x1b]777;notify;{heading};{text}\a")
            case "tmux":
                return self._encoded(f"\x1bPtmux;\x1b\x1b]777;notify;{heading};{text}\a\x1b\\")
            case _:
                return b""

    def clipboard(self, text: str, targets: str = "c") -> bytes:
        """Set the terminal's clipboard ("c" in ``targets``) or primary selection ("p"), as the program requested."""
        if self._kind in {"silent", "plain"}:
            return b""
        return b"\x1b]52;%s;%s\a" % (targets.encode(), b64encode(text.encode()))

    def title(self, text: str) -> bytes:
        """Set the title, after the terminal has saved its own; nothing if it is set already."""
        shown = one_line(text)[:MAX_TITLE_CHARACTERS]
        if self._kind in {"silent", "plain"} or not shown or shown == self._title:
            return b""
        push = b"" if self._title else _PUSH_TITLE
        self._title = shown
        return push + self._encoded(f"\x1b]2;{shown}\a")

    def leave(self) -> bytes:
        """Restore the terminal's own title."""
        if not self._title:
            return b""
        self._title = ""
        return _POP_TITLE

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._encoding, "replace")


def _field(text: str, limit: int) -> str:
    """A text without control characters and without the sign that ends a field."""
    return one_line(text).replace(";", ",")[:limit]


MAX_WAITING: Final = 8
"""How many signals wait for the rules; the newest ones."""

Decide = Callable[[NotificationRules], Sequence[bytes]]
"""Returns the sequences to write under the present rules; none if they do not want the signal, or it is out of date."""


class SignalQueue:
    """Reads the rules of a chat in a thread, and writes what they allow."""

    def __init__(self, session_id: str, write: Callable[[bytes], None]) -> None:
        self._session_id = session_id
        self._write = write
        self._waiting: deque[Decide] = deque(maxlen=MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def add(self, decide: Decide) -> None:
        """Write a signal as soon as the rules are known."""
        self._waiting.append(decide)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._pass_on(), name=f"signals {self._session_id}")

    async def finish(self) -> None:
        """Wait until all signals are written: a program may ring and end at once."""
        if self._task is not None:
            await self._task

    async def _pass_on(self) -> None:
        while self._waiting:
            rules = await asyncio.to_thread(read_rules, self._session_id)
            decided, self._waiting = self._waiting, deque(maxlen=MAX_WAITING)
            for decide in decided:
                for signal in decide(rules):
                    self._write(signal)


SETTLE_S: Final = 0.5
"""How long a question or an idle state must last; another viewer may answer at once, and queued prompts follow."""


class AttentionEvent(NamedTuple):
    """A change of the chat's activity that the user may want to hear of.

    Attributes:
        asks: whether the agent asks; else a turn has ended.
        failed: whether an error ended the turn.
        text: the question, or the agent's last message; "" if unknown.
        seconds: the duration of the turn.
    """

    asks: bool
    text: str
    seconds: float = 0.0
    failed: bool = False

    def is_wanted(self, rules: NotificationRules) -> bool:
        """Whether the rules want the user to hear of it."""
        if rules.is_muted or not rules.is_enabled:
            return False
        return self.asks or (rules.long_turn_s > 0 and (self.failed or rules.long_turn_s <= self.seconds))


class AttentionEvents:
    """Finds these events by comparing each activity with the previous one. Pure.

    Attributes:
        current: the event that the chat's activity stands for; None for none, and for the activity at the beginning.
    """

    def __init__(self) -> None:
        self.current: AttentionEvent | None = None
        self._previous: ActivityEvent | None = None
        self._turn_began = ""

    def take(self, event: ActivityEvent) -> bool:
        """Take the chat's activity, which the host repeats after a reconnect; returns whether ``current`` changed."""
        previous, self._previous = self._previous, event
        if previous is not None and _key(previous) == _key(event):
            return False
        before, self.current = self.current, None
        if event.status.activity is Activity.WORKING:
            if previous is None or previous.status.activity is not Activity.WORKING:
                self._turn_began = event.status.since
        elif previous is None:
            pass  # The user sees it on the page that opens.
        elif event.status.activity is Activity.NEEDS_INPUT:
            self.current = AttentionEvent(asks=True, text=event.status.detail)
        elif event.status.activity is Activity.IDLE and previous.status.activity is Activity.WORKING:
            seconds = _seconds_between(self._turn_began, event.status.since)
            self.current = AttentionEvent(
                asks=False, text=event.status.detail, seconds=seconds, failed=event.status.failed
            )
        return self.current is not before


class Attention:
    """Follows a chat's activity, and puts signals for the outer terminal into a queue.

    Attributes:
        has_focus: whether the outer terminal reported that it has the keyboard focus, so that the user sees the chat.
            Not every terminal reports that.
    """

    def __init__(self, signals: OuterSignals, queue: SignalQueue, name: Callable[[], str]) -> None:
        self.has_focus = False
        self._signals = signals
        self._queue = queue
        self._name = name
        self._events = AttentionEvents()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, event: ActivityEvent) -> None:
        """Take the chat's activity."""
        if not self._events.take(event):
            return
        self.close()
        if (found := self._events.current) is not None:
            self._timer = asyncio.get_running_loop().call_later(
                SETTLE_S, self._queue.add, lambda rules: self._made(found, rules)
            )

    def close(self) -> None:
        """Drop what has not settled yet."""
        if self._timer is not None:
            self._timer.cancel()

    def _made(self, found: AttentionEvent, rules: NotificationRules) -> Sequence[bytes]:
        if self.has_focus or found is not self._events.current or not found.is_wanted(rules):
            return ()
        name, text = self._name(), found.text
        if found.asks:
            title = f"{name} needs you"
        else:
            title = f"{name} failed" if found.failed else f"{name} finished"
            text = ": ".join(filter(None, [f"After {exact_duration(round(found.seconds * 1000))}", text]))
        return self._signals.bell(), self._signals.notification(title, "", text)


def _key(event: ActivityEvent) -> tuple[Activity, str, str]:
    return event.status.activity, event.status.since, event.status.detail


def _seconds_between(first: str, last: str) -> float:
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except ValueError:
        return 0.0
