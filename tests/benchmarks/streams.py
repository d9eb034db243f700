"""Generated program output for benchmarks, the same in each run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

FLOOD_BYTES = 34_000_000

_WORDS = (
    "error", "warning", "build", "src/main.rs", "linking", "cargo", "test", "passed", "0x7ffe", "done", "in",
    "12ms", "agent", "tool", "call", "result", "diff", "--git", "a/b",
)  # fmt: skip


_THEME = (
    (122, 162, 247), (187, 154, 247), (125, 207, 255), (158, 206, 106),
    (224, 175, 104), (247, 118, 142), (192, 202, 245), (86, 95, 137),
)  # fmt: skip


def coloured_line(number: int) -> str:
    """A line like one of a build's or an agent's log: about 115 bytes, 56 columns, five spans of colour.

    The colours come from one theme, as in such logs: sixteen of the palette, eight more as RGB values.
    """
    return _spans(number, number % 16, _THEME[number % 8])


def rainbow_line(number: int) -> str:
    """A coloured line with colours that almost no other line has: a stress test for style tables."""
    return _spans(number, number % 256, (number % 256, number * 3 % 256, number * 7 % 256))


def _spans(number: int, indexed: int, direct: tuple[int, int, int]) -> str:
    words = [_WORDS[(number * 7 + column * 3) % len(_WORDS)] for column in range(8)]
    return (
        f"\x1b[2m{number:07d}\x1b[0m \x1b[1;3{number % 8}m{words[0]}\x1b[0m {words[1]} {words[2]} "
        f"\x1b[38;5;{indexed}m{words[3]} {words[4]}\x1b[39m {words[5]} "
        f"\x1b[38;2;{direct[0]};{direct[1]};{direct[2]}m{words[6]}\x1b[0m {words[7]}\n"
    )


def plain_line(number: int) -> str:
    """A line of plain ASCII."""
    words = [_WORDS[(number * 5 + column * 7) % len(_WORDS)] for column in range(12)]
    return f"{number:07d} {' '.join(words)}\n"


def unicode_line(number: int) -> str:
    """A line of accents, wide characters, emoji and combining marks."""
    return f"{number:07d} größe naïve 日本語テスト 한국어 🙂🚀 e\u0301a\u0308 ─│┌┐ Ελληνικά {'→' * (number % 7)}\n"


def agent_frame(number: int) -> str:
    """A repaint like those that agents do many times a second: synchronized, cursor moves, erases, a spinner."""
    spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[number % 10]
    rows = "".join(
        f"\x1b[{row};1H\x1b[2K\x1b[38;2;120;{number % 256};200m│\x1b[39m step {number + row:06d} \x1b[2mdone\x1b[22m"
        for row in range(4, 12)
    )
    return (
        f"\x1b[?2026h\x1b[?25l{rows}\x1b[14;1H\x1b[2K\x1b[36m{spinner}\x1b[39m Working…\x1b[14;3H\x1b[?25h\x1b[?2026l"
    )


KINDS: dict[str, Callable[[int], str]] = {
    "plain": plain_line,
    "sgr": coloured_line,
    "rainbow": rainbow_line,
    "unicode": unicode_line,
    "agent": agent_frame,
}


def stream(kind: str, size_bytes: int) -> bytes:
    """Whole lines of one kind, at least ``size_bytes`` in total."""
    line = KINDS[kind]
    parts: list[bytes] = []
    size = 0
    number = 0
    while size < size_bytes:
        number += 1
        part = line(number).encode()
        parts.append(part)
        size += len(part)
    return b"".join(parts)


_OTHER_CHARACTERS = [
    str.maketrans({code: 33 + (code - 32 + shift) % 94 for code in range(32, 127)}) for shift in (0, 31, 62)
]
"""Three translation tables; each maps a character to a different one."""


def log_screen(number: int, columns: int, rows: int) -> bytes:
    """A whole screen of a log: three long runs of one style in each row; each cell differs from the previous screen."""
    lines = []
    for row in range(rows):
        words = " ".join(_WORDS[(row * 5 + column * 3) % len(_WORDS)] for column in range(columns))
        text = words.translate(_OTHER_CHARACTERS[number % 3])[:columns]
        lines.append(f"\x1b[{row + 1};1H\x1b[0;2m{text[:20]}\x1b[0;3{row % 7 + 1}m{text[20:60]}\x1b[0m{text[60:]}")
    return "".join(lines).encode()


def spans_screen(number: int, columns: int, rows: int) -> bytes:
    """A whole screen: each cell's colour differs from its neighbours', and each cell from the previous screen."""
    lines = []
    for row in range(rows):
        cells = (
            f"\x1b[38;5;{16 + (column * 7 + row * 13 + number * 5) % 216}m{chr(33 + (column + row + number) % 94)}"
            for column in range(columns)
        )
        lines.append(f"\x1b[{row + 1};1H{''.join(cells)}")
    return "".join(lines).encode()


SCREENS: dict[str, Callable[[int, int, int], bytes]] = {"log": log_screen, "spans": spans_screen}


def flood_file(directory: Path) -> Path:
    """The path of a file with 34 MB of coloured output; the file is created if it does not exist."""
    path = directory / "flood.txt"
    if not path.exists():
        path.write_bytes(stream("sgr", FLOOD_BYTES))
    return path
