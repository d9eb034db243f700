"""The shape of the mouse pointer that a program sets (OSC 22): names of CSS and X11, kitty's stacks and queries. Pure.

Each screen has a stack, so a full-screen program does not change the shell's pointer.

Source: https://sw.kovidgoyal.net/kitty/pointer-shapes/
"""

from __future__ import annotations

from typing import Final

MAX_CONTENT_BYTES: Final = 1024
MAX_DEPTH: Final = 16

SHAPES: Final = frozenset({
    "alias", "all-scroll", "cell", "col-resize", "context-menu", "copy", "crosshair", "default", "e-resize",
    "ew-resize", "grab", "grabbing", "help", "move", "n-resize", "ne-resize", "nesw-resize", "no-drop", "not-allowed",
    "ns-resize", "nw-resize", "nwse-resize", "pointer", "progress", "row-resize", "s-resize", "se-resize", "sw-resize",
    "text", "vertical-text", "w-resize", "wait", "zoom-in", "zoom-out",
})  # fmt: skip
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
}  # fmt: skip
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
