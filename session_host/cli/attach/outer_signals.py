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

from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Literal

from session_host.protocol.untrusted_text import one_line

SIGNALS: Final = "OUTLIVE_ATTACH_SIGNALS"
"""The environment variable that turns bells, notifications, the clipboard and the title off, if it is "0"."""
MAX_TITLE_CHARACTERS: Final = 100
MAX_BODY_CHARACTERS: Final = 400
BELL: Final = b"\a"

Kind = Literal["silent", "plain", "xterm", "iterm", "tmux"]

_LIKE_XTERM: Final = (
    "xterm", "kitty", "ghostty", "wezterm", "foot", "konsole", "vte", "gnome", "rxvt", "alacritty", "contour", "iterm",
    "mintty", "mlterm", "st-", "rio", "warp",
)  # fmt: skip
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
