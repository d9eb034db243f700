"""Tables of the codes that terminals send for keys.

Sources: xterm's ctlseqs ("PC-Style Function Keys"), the kitty keyboard protocol ("Functional key
definitions"), rxvt's reference, console_codes(4).
"""

from __future__ import annotations

from session_host.protocol.values import Modifiers

CONTROLS = {
    0x00: ("Space", Modifiers.CTRL),
    0x09: ("Tab", Modifiers.NONE),
    0x0D: ("Enter", Modifiers.NONE),
    0x7F: ("Backspace", Modifiers.NONE),
}
"""Control characters that have their own key."""

CSI = {
    ord("A"): "ArrowUp",
    ord("B"): "ArrowDown",
    ord("C"): "ArrowRight",
    ord("D"): "ArrowLeft",
    ord("E"): "Numpad5",
    ord("F"): "End",
    ord("H"): "Home",
    ord("P"): "F1",
    ord("Q"): "F2",
    ord("S"): "F4",
}
"""Final bytes of control sequences; R is missing, since it ends the report of the cursor's position."""

SS3 = (
    CSI
    | {ord("R"): "F3", ord("M"): "NumpadEnter", ord("X"): "NumpadEqual"}
    | {ord("j"): "NumpadMultiply", ord("k"): "NumpadAdd", ord("m"): "NumpadSubtract"}
    | {ord("n"): "NumpadDecimal", ord("o"): "NumpadDivide"}
    | {ord("p") + digit: f"Numpad{digit}" for digit in range(10)}
)
"""Bytes after ESC O."""

RXVT_ARROWS = {ord("a"): "ArrowUp", ord("b"): "ArrowDown", ord("c"): "ArrowRight", ord("d"): "ArrowLeft"}
"""rxvt's bytes after ESC O (with Ctrl), and its final bytes of control sequences (with Shift)."""

TILDE = {
    1: "Home",
    2: "Insert",
    3: "Delete",
    4: "End",
    5: "PageUp",
    6: "PageDown",
    7: "Home",
    8: "End",
    **dict(zip((11, 12, 13, 14, 15), ("F1", "F2", "F3", "F4", "F5"), strict=True)),
    **dict(zip((17, 18, 19, 20, 21), ("F6", "F7", "F8", "F9", "F10"), strict=True)),
    **dict(zip((23, 24, 25, 26, 28, 29), ("F11", "F12", "F13", "F14", "F15", "F16"), strict=True)),
    **dict(zip((31, 32, 33, 34), ("F17", "F18", "F19", "F20"), strict=True)),
}
"""First numbers of control sequences that end in ~."""

LINUX_CONSOLE = {ord("A") + number: f"F{number + 1}" for number in range(5)}
"""Bytes after CSI [."""

KITTY = (
    {9: "Tab", 13: "Enter", 27: "Escape", 32: "Space", 127: "Backspace"}
    | {57358: "CapsLock", 57359: "ScrollLock", 57360: "NumLock", 57361: "PrintScreen", 57362: "Pause"}
    | {57363: "ContextMenu"}
    | {57376 + number: f"F{number + 13}" for number in range(13)}
    | {57399 + digit: f"Numpad{digit}" for digit in range(10)}
    | {57409: "NumpadDecimal", 57410: "NumpadDivide", 57411: "NumpadMultiply", 57412: "NumpadSubtract"}
    | {57413: "NumpadAdd", 57414: "NumpadEnter", 57415: "NumpadEqual"}
    | {57417: "ArrowLeft", 57418: "ArrowRight", 57419: "ArrowUp", 57420: "ArrowDown"}
    | {57421: "PageUp", 57422: "PageDown", 57423: "Home", 57424: "End", 57425: "Insert", 57426: "Delete"}
    | {57427: "Numpad5"}
)
"""Codes of CSI … u that are not characters."""
