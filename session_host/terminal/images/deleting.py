"""Which placements a command deletes (``a=d``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .command import Command

if TYPE_CHECKING:
    from .placeholders import VirtualPlacement
    from .placement import Placement

Area = tuple[float, float, float, float]
"""Left, top, right and bottom of a placement, in cells of the screen."""

NOWHERE: Final[Area] = (0, 0, 0, 0)
BY_IMAGE: Final = frozenset("inr")
"""Kinds that do not depend on where a placement is, and delete virtual ones, too."""

Test = Callable[["Placement | VirtualPlacement", Area], bool]


def test_of(command: Command, cursor: tuple[int, int], screen_rows: int) -> Test | None:
    """The test for the placements to delete; None for a command that is not supported.

    Args:
        command: the command.
        cursor: the cursor's column and row.
        screen_rows: the screen's height.
    """
    kind = command.letters.get("d", "a").lower()
    number = command.number
    column, row = number("x") - 1, number("y") - 1
    match kind:
        case "a":
            return on_screen(screen_rows)
        case "i":
            return lambda placed, _: placed.image.id == number("i") and number("p") in {0, placed.id}
        case "n":
            return lambda placed, _: placed.image.number == number("I") > 0 and number("p") in {0, placed.id}
        case "r":
            return lambda placed, _: number("x") <= placed.image.id <= number("y")
        case "c":
            return lambda _, area: _holds(area, *cursor)
        case "p":
            return lambda _, area: _holds(area, column, row)
        case "q":
            return lambda placed, area: placed.z == number("z") and _holds(area, column, row)
        case "x":
            return lambda _, area: area[0] < column + 1 and column < area[2]
        case "y":
            return lambda _, area: area[1] < row + 1 and row < area[3]
        case "z":
            return lambda placed, _: placed.z == number("z")
    return None


def on_screen(rows: int) -> Test:
    """The test for placements that are on a screen with this number of rows."""
    return lambda _, area: area[1] < rows and area[3] > 0


def covered_by(left: float, top: float, right: float, bottom: float) -> Test:
    """The test for sixel images in an area of the screen."""
    return lambda placed, area: (
        placed.image.form == "sixel" and left <= area[0] and top <= area[1] and area[2] <= right and area[3] <= bottom
    )


def erased(cursor: tuple[int, int], *, above: bool) -> Test:
    """The test for sixel images in the rows that are erased from the cursor on, or up to it."""
    column, row = cursor
    first = row + (column > 0)
    return lambda placed, area: placed.image.form == "sixel" and (area[3] <= row if above else area[1] >= first)


def _holds(area: Area, column: int, row: int) -> bool:
    left, top, right, bottom = area
    return left < column + 1 and column < right and top < row + 1 and row < bottom
