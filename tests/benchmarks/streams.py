"""Generated program output for benchmarks, the same in each run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

FLOOD_BYTES = 34_000_000

_WORDS = (
    "error",
    "warning",
    "build",
    "src/main.rs",
    "linking",
    "cargo",
    "test",
    "passed",
    "0x7ffe",
    "done",
    "in",
    "12ms",
    "agent",
    "tool",
    "call",
    "result",
    "diff",
    "--git",
    "a/b",
)


_THEME = (
    (122, 162, 247),
    (187, 154, 247),
    (125, 207, 255),
    (158, 206, 106),
    (224, 175, 104),
    (247, 118, 142),
    (192, 202, 245),
    (86, 95, 137),
)


def coloured_line(number: int) -> str:
    """A line like one of a build's or an agent's log: about 115 bytes, 56 columns, five spans of colour.

    The colours come from one theme, as in such logs: sixteen of the palette, eight more as RGB values.
    """
    words = [_WORDS[(number * 7 + column * 3) % len(_WORDS)] for column in range(8)]
    red, green, blue = _THEME[number % 8]
    return (
        f"\x1b[2m{number:07d}\x1b[0m \x1b[1;3{number % 8}m{words[0]}\x1b[0m {words[1]} {words[2]} "
        f"\x1b[38;5;{number % 16}m{words[3]} {words[4]}\x1b[39m {words[5]} "
        f"\x1b[38;2;{red};{green};{blue}m{words[6]}\x1b[0m {words[7]}\n"
    )


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
        with path.open("wb") as file:
            number = size = 0
            while size < FLOOD_BYTES:
                number += 1
                size += file.write(coloured_line(number).encode())
    return path
