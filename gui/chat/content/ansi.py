"""A tool's output as runs: the colours and styles of escape sequences are kept, all other sequences are removed."""

from __future__ import annotations

import re

from .segments import Face, Run

_SEQUENCE = re.compile(
    r"\x1b\[([0-9;:]*)m"  # colours and styles
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # other control sequences
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # strings, such as a title
    r"|\x1b[ -/]*[0-~]"  # other escapes
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]",
    re.DOTALL,
)
_REWRITTEN = re.compile(r"[^\n]*\r(?!\n|$)")
"""Text that a carriage return overwrites, such as previous states of a progress bar."""


class Pen:
    """The current colour and style.

    Attributes:
        color: "ansi0" to "ansi15", "#rrggbb", or "" for the default.
        face: the style.
    """

    def __init__(self) -> None:
        self.color = ""
        self.face = Face.PLAIN

    def apply(self, parameters: str) -> None:
        """Apply the parameters of one SGR sequence."""
        numbers = [int(number) if number else 0 for number in re.split("[;:]", parameters)]
        index = 0
        while index < len(numbers):
            number = numbers[index]
            index += 1
            if number == 0:
                self.color, self.face = "", Face.PLAIN
            elif number in {1, 2, 3, 9}:
                faces = {1: Face.BOLD, 2: Face.SECONDARY, 3: Face.ITALIC, 9: Face.STRIKE}
                self.face |= faces[number]
            elif number == 22:
                self.face &= ~(Face.BOLD | Face.SECONDARY)
            elif number == 23:
                self.face &= ~Face.ITALIC
            elif number == 29:
                self.face &= ~Face.STRIKE
            elif 30 <= number <= 37:
                self.color = f"ansi{number - 30}"
            elif 90 <= number <= 97:
                self.color = f"ansi{number - 82}"
            elif number == 39:
                self.color = ""
            elif number in {38, 48}:
                color, used = _extended_color(numbers[index:])
                index += used
                if number == 38:
                    self.color = color


def _extended_color(numbers: list[int]) -> tuple[str, int]:
    """A colour of the 256, or a true colour, and the number of parameters that it has."""
    if numbers[:1] == [5] and len(numbers) > 1:
        return _of_256(numbers[1] & 255), 2
    if numbers[:1] == [2] and len(numbers) > 3:
        red, green, blue = (number & 255 for number in numbers[1:4])
        return f"#{red:02x}{green:02x}{blue:02x}", 4
    return "", len(numbers)


def _of_256(index: int) -> str:
    if index < 16:
        return f"ansi{index}"
    if index >= 232:
        level = 8 + (index - 232) * 10
        return f"#{level:02x}{level:02x}{level:02x}"
    steps = (0, 95, 135, 175, 215, 255)
    index -= 16
    return "#" + "".join(f"{steps[index // by % 6]:02x}" for by in (36, 6, 1))


def runs(text: str) -> list[Run]:
    """The runs of an output."""
    text = _REWRITTEN.sub("", text.replace("\r\n", "\n")).replace("\r", "")
    if not _SEQUENCE.search(text):
        return [Run(text)] if text else []
    pen = Pen()
    found: list[Run] = []
    offset = 0
    for sequence in _SEQUENCE.finditer(text):
        if sequence.start() > offset:
            found.append(Run(text[offset : sequence.start()], pen.face, "", pen.color))
        offset = sequence.end()
        if sequence.group(1) is not None:
            pen.apply(sequence.group(1))
    if offset < len(text):
        found.append(Run(text[offset:], pen.face, "", pen.color))
    return found


def lines(text: str) -> list[list[Run]]:
    """The lines of an output, each as its runs."""
    found: list[list[Run]] = [[]]
    for run in runs(text):
        for number, piece in enumerate(run.text.split("\n")):
            if number:
                found.append([])
            if piece:
                found[-1].append(run._replace(text=piece))
    return found
