"""The contents of OSC 22, 52 and 99, as the engines read them; pyte lacks 22. Pure.

The contents of OSC 133 are in ``prompts``, those of images (OSC 1337) in ``images.inline_files``. Which function gets a
command: in ``pyte.osc_commands`` its table; in ghostty ``Effects.handle_unknown`` if the library does not know the
command, else ``Stream._handle`` for what ``ghostty.sequences`` finds before the library reads it.

- 22, the shape of the mouse pointer: names of CSS and X11, kitty's stacks and queries. Each screen has a stack, so a
  full-screen program does not change the shell's pointer. Source: https://sw.kovidgoyal.net/kitty/pointer-shapes/
- 52, a program's request to set the clipboard or the primary selection. The first parameter has a letter for each
  place: "c" for the clipboard, "p" for the primary selection, "s" for the one that the user prefers, which is the
  clipboard here, as it is without any letter. Cut buffers are not supported. Requests to read are not answered. Source:
  xterm's control sequences.
- 99, kitty's desktop notifications, which may arrive in parts (``d=0``): titles and bodies, plain or in base64; an id
  (``i``), with which a later notification replaces an earlier one; the query (``p=?``). Buttons, icons, sounds and
  reports to the program are not supported. Source: https://sw.kovidgoyal.net/kitty/desktop-notifications/
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from session_host.protocol.untrusted_text import for_clipboard, plain

from .events import ClipboardSet, Notification

MAX_CLIPBOARD_CHARACTERS: Final = 256 * 1024
MAX_CLIPBOARD_BYTES: Final = 1536 * 1024
"""The base64 of as many characters."""


def clipboard_of(parameters: str) -> ClipboardSet | None:
    """The event of ``OSC 52 ; parameters``; None if it sets nothing."""
    letters, separator, payload = parameters.partition(";")
    targets = ("c" if not letters or {*letters} & {"c", "s"} else "") + ("p" if "p" in letters else "")
    if not targets or not separator or payload == "?":
        return None
    try:
        data = base64.b64decode(payload.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return None
    return clipboard_set(data, targets)


def clipboard_set(data: bytes, targets: str) -> ClipboardSet | None:
    """The event of a text for some places; None for control characters alone, which shall not empty a clipboard."""
    text = for_clipboard(data.decode("utf-8", "replace"), MAX_CLIPBOARD_CHARACTERS)
    return None if data and not text else ClipboardSet(text, targets)


MAX_TITLE_CHARACTERS: Final = 1024
MAX_BODY_CHARACTERS: Final = 4096
MAX_ID_CHARACTERS: Final = 64
MAX_UNFINISHED: Final = 16
"""More unfinished notifications than this replace the oldest ones."""

_NOT_IN_ID: Final = re.compile("[^a-zA-Z0-9_.+-]")
"""Other characters could do harm in the answer to a query, which the program gets as input."""

_WITHOUT_ID: Final = "0"
"""The id in the answer to a query without one."""


def cleaned_title(text: str) -> str:
    """A notification's title, without control characters."""
    return plain(text, MAX_TITLE_CHARACTERS)


def cleaned_body(text: str) -> str:
    """A notification's text, without control characters; lines stay."""
    return plain(text, MAX_BODY_CHARACTERS, keep_lines=True)


class KittyNotifications:
    """One terminal's notifications by OSC 99.

    Attributes:
        unfinished: incomplete notifications, by id: (title, body). Part of a snapshot.
    """

    def __init__(self) -> None:
        self.unfinished: dict[str, tuple[str, str]] = {}

    def receive(self, content: str) -> tuple[Notification | None, bytes]:
        """Handle ``OSC 99 ; content``; returns a notification that is complete now, and a reply to the program."""
        metadata, separator, payload = content.partition(";")
        if not separator:
            return None, b""
        values = dict(part.partition("=")[::2] for part in metadata.split(":"))
        identity = _NOT_IN_ID.sub("", values.get("i", ""))[:MAX_ID_CHARACTERS]
        kind = values.get("p", "title")
        if kind == "?":
            supported = "a=focus:o=unfocused:p=title,body"
            return None, f"\x1b]99;i={identity or _WITHOUT_ID}:p=?;{supported}\x1b\\".encode()
        if kind in {"close", "alive"}:
            return None, b""
        if values.get("e") == "1":
            try:
                padded = payload.encode("ascii", "replace") + b"=" * (-len(payload) % 4)
                payload = base64.b64decode(padded, validate=True).decode("utf-8", "replace")
            except binascii.Error:
                return None, b""
        title, body = self.unfinished.pop(identity, ("", ""))
        if kind == "title":
            title = (title + cleaned_title(payload))[:MAX_TITLE_CHARACTERS]
        elif kind == "body":
            body = (body + cleaned_body(payload))[:MAX_BODY_CHARACTERS]
        if values.get("d", "1") != "0":
            return Notification(title, body, identity) if title or body else None, b""
        while len(self.unfinished) >= MAX_UNFINISHED:
            del self.unfinished[next(iter(self.unfinished))]
        self.unfinished[identity] = (title, body)
        return None, b""


MAX_CONTENT_BYTES: Final = 1024
MAX_DEPTH: Final = 16

# fmt: off
SHAPES: Final = frozenset({
    "alias", "all-scroll", "cell", "col-resize", "context-menu", "copy", "crosshair", "default", "e-resize",
    "ew-resize", "grab", "grabbing", "help", "move", "n-resize", "ne-resize", "nesw-resize", "no-drop", "not-allowed",
    "ns-resize", "nw-resize", "nwse-resize", "pointer", "progress", "row-resize", "s-resize", "se-resize", "sw-resize",
    "text", "vertical-text", "w-resize", "wait", "zoom-in", "zoom-out",
})
"""The names of CSS; a shape has one of them, or "" for the terminal's own."""

_X11_NAMES: Final = {
    "left_ptr": "default", "arrow": "default", "top_left_arrow": "default", "xterm": "text", "ibeam": "text",
    "hand": "pointer", "hand1": "grab", "hand2": "pointer", "pointing_hand": "pointer", "openhand": "grab",
    "closedhand": "grabbing", "cross": "crosshair", "tcross": "crosshair", "plus": "cell", "watch": "wait",
    "clock": "wait", "left_ptr_watch": "progress", "half-busy": "progress", "question_arrow": "help",
    "whats_this": "help", "fleur": "move", "size_all": "move", "forbidden": "not-allowed",
    "crossed_circle": "not-allowed", "circle": "not-allowed", "dnd-no-drop": "no-drop", "dnd-copy": "copy",
    "dnd-link": "alias", "sb_h_double_arrow": "ew-resize", "size_hor": "ew-resize", "split_h": "col-resize",
    "sb_v_double_arrow": "ns-resize", "size_ver": "ns-resize", "split_v": "row-resize", "left_side": "w-resize",
    "right_side": "e-resize", "top_side": "n-resize", "bottom_side": "s-resize", "top_left_corner": "nw-resize",
    "top_right_corner": "ne-resize", "bottom_left_corner": "sw-resize", "bottom_right_corner": "se-resize",
    "size_fdiag": "nwse-resize", "size_bdiag": "nesw-resize",
}
# fmt: on
_SPECIAL: Final = {"__default__": "text", "__grabbed__": "default"}


def _named(name: str) -> str:
    """A shape by its name; "" for an unknown one."""
    return name if name in SHAPES else _X11_NAMES.get(name, "")


class PointerShapes:
    """The shapes that a terminal's programs set.

    Attributes:
        stacks: those of the main and of the alternate screen, newest last. Part of a snapshot.
    """

    def __init__(self) -> None:
        self.stacks: tuple[list[str], list[str]] = ([], [])

    def current(self, *, alternate: bool) -> str:
        """The shape on a screen; "" for the terminal's own."""
        stack = self.stacks[alternate]
        return stack[-1] if stack else ""

    def reset(self) -> None:
        """Forget all shapes."""
        for stack in self.stacks:
            stack.clear()

    def receive(self, content: str, *, alternate: bool) -> str:
        """Do what an OSC 22 says; returns the answer, "" for none.

        Args:
            content: what follows ``22;``.
            alternate: whether the alternate screen is active.
        """
        stack = self.stacks[alternate]
        operator = content[:1] if content[:1] in {">", "<", "=", "?"} else ""
        names = content[len(operator) :].split(",")
        if operator == "?":
            return f"\x1b]22;{','.join(self._answer(name, alternate=alternate) for name in names)}\x1b\\"
        if operator == "<":
            del stack[-1:]
        elif operator == ">":
            stack.extend(_named(name) for name in names if name)
            del stack[:-MAX_DEPTH]
        else:
            stack[-1:] = [_named(names[0])]
        return ""

    def _answer(self, name: str, *, alternate: bool) -> str:
        """1 or 0 for a name; the current, the usual or the grabbed shape's name for a special one."""
        if name == "__current__":
            return self.current(alternate=alternate) or "0"
        return _SPECIAL.get(name) or str(int(bool(_named(name))))

    def replay(self, *, alternate: bool) -> str:
        """The sequence that sets a screen's shapes in a new terminal."""
        # An unknown name is the terminal's own shape.
        names = ",".join(name or "none" for name in self.stacks[alternate])
        return f"\x1b]22;>{names}\x1b\\" if names else ""
