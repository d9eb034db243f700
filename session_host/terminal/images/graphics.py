"""The images of one terminal, where they are placed, and the commands that rebuild them in a replay.

A placement is anchored at the row of the cursor when it was made: it moves with the text, and goes when that row is
gone. Main and alternate screen have placements of their own; the alternate one's go when a program enters or leaves it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.prompts import RowMark

from . import sixel
from .placeholders import MARKS, VirtualPlacement, shown_at_placeholders
from .sixel import uncovered
from .transmission import FORMATS_OF_OTHERS, BadImageError, Command, Transmission, check, parse
from .values import Image, PlacedImage, SavedImages, SavedPlacement, SavedVirtual, Source

if TYPE_CHECKING:
    from session_host.terminal.rows import Row


MAX_BYTES: Final = 16 * 1024 * 1024
"""All images of a terminal together, as they were sent; the oldest go."""

MAX_IMAGES: Final = 400
MAX_PLACEMENTS: Final = 400
"""Each frame looks at each placement."""

_FIRST_OWN_ID: Final = 2**31
_MAX_ID: Final = 2**32 - 1
_MAX_DEPTH: Final = 8
"""The longest chain of relative placements, as in kitty."""
_QUIET_OK, _QUIET_ALL = 1, 2
_COVERS: Final = (2, 3)
"""Values of ``C``, see ``sixel``: the second one keeps the text."""


class Graphics:
    """The images of one terminal.

    Attributes:
        placements: oldest first; some may be gone with their rows.
        max_bytes: see MAX_BYTES; 0 keeps no images.
        is_used: whether there was any command; without one, nothing else need be called.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._images: list[Image] = []
        self.placements: list[Placement] = []
        self._virtual: list[VirtualPlacement] = []
        self.max_bytes = MAX_BYTES
        self.is_used = False
        self._transmission: Transmission | None = None
        self._first_chunk = b""
        self._pending: list[tuple[Image, SavedPlacement]] = []
        """A snapshot's placements on the screen that is not active: its rows cannot be marked yet."""

    # -- commands

    def handle(self, content: bytes) -> None:
        """Do what is between ``ESC _ G`` and ``ESC \\``."""
        command = parse(content)
        if command is None:
            return
        self.is_used = True
        transmission = self._transmission
        if transmission is not None and command.may_continue:
            self._add(transmission, command)
            return
        self._transmission = None
        if command.action in "tTqf":
            self._begin(command, content)
        elif command.action == "p":
            self._answer(command, lambda: self._place(command, self._find(command)))
        elif command.action == "d":
            self._delete(command)
        elif command.action in "ac":
            self._answer(command, _refuse_animation)

    def _begin(self, command: Command, content: bytes) -> None:
        problem = ""
        try:
            check(command)
            if command.action == "f":
                _refuse_animation()
        except BadImageError as error:
            problem = str(error)
        self._transmission = Transmission(command, problem)
        self._first_chunk = content.partition(b";")[0]
        self._add(self._transmission, command)

    def _add(self, transmission: Transmission, chunk: Command) -> None:
        if not transmission.problem:
            transmission.add(chunk.payload)
        if chunk.expects_more:
            return
        self._transmission = None
        command = transmission.command
        quiet = max(command.number("q"), chunk.number("q"))
        self._answer(command, lambda: self._finish(transmission), quiet)

    def _finish(self, transmission: Transmission) -> int:
        """Take a complete transmission; returns the image's id."""
        if transmission.problem:
            raise BadImageError(transmission.problem)
        command = transmission.command
        given = command.number("i")
        image = transmission.image(given or self._unused_id(), is_anonymous=not given and not command.number("I"))
        if command.action == "q":
            return given
        if given:
            self._drop_images(lambda other: other.id == given)
        self._images.append(image)
        if command.action == "T":
            self._place(command, image)
        self._make_room()
        return 0 if image.is_anonymous else image.id

    def _unused_id(self) -> int:
        used = {image.id for image in self._images}
        return next(number for number in range(_FIRST_OWN_ID, _MAX_ID) if number not in used)

    def _find(self, command: Command) -> Image:
        """The newest image with the command's id or number.

        Raises:
            BadImageError: there is none.
        """
        key, field = ("i", "id") if command.number("i") else ("I", "number")
        wanted = command.number(key)
        for image in reversed(self._images):
            if wanted and getattr(image, field) == wanted:
                return image
        raise BadImageError("ENOENT:there is no such image")

    def _answer(self, command: Command, work: Callable[[], int], quiet: int | None = None) -> None:
        """Do a command's work, and reply to it if the program wants to know."""
        quiet = command.number("q") if quiet is None else quiet
        image_id, number = command.number("i"), command.number("I")
        try:
            image_id = work() or image_id
            message = "OK"
        except BadImageError as error:
            message = str(error)
            if command.number("f") in FORMATS_OF_OTHERS and command.action == "T":
                self.refuse(message)
        if not (image_id or number) or quiet >= (_QUIET_OK if message == "OK" else _QUIET_ALL):
            return
        keys = [
            f"{key}={value}" for key, value in (("i", image_id), ("I", number), ("p", command.number("p"))) if value
        ]
        self._grid.reply(f"\x1b_G{','.join(keys)};{message}\x1b\\".encode())

    def refuse(self, problem: str) -> None:
        """Print why an image is not shown: other protocols than kitty's have no answers."""
        self._grid.print(f"[image not shown: {problem.partition(':')[2]}]")

    # -- placing

    def _place(self, command: Command, image: Image) -> int:
        """Place an image at the cursor; returns its id."""
        if command.number("U") and command.number("P"):
            raise BadImageError("EINVAL:a virtual placement has no parent")
        if command.number("U"):
            self._place_virtually(_virtual_placement_of(command, image, self._grid.cell))
            return 0 if image.is_anonymous else image.id
        alternate, (column, _) = self._grid.is_alternate(), self._grid.cursor()
        room = self._grid.size.columns - column
        saved = _placement_of(command, image, self._grid.cell, column, room, alternate=alternate)
        if saved.parent is not None:
            return self._place_relatively(image, saved)
        if saved.id:
            self._drop_same(image, saved.id)
        if len(self.placements) >= MAX_PLACEMENTS:
            self._forget_gone()
            del self.placements[: max(len(self.placements) - MAX_PLACEMENTS * 3 // 4, 0)]
            self._drop_orphans()
        self.placements.append(Placement(image, saved, self._grid.mark_cursor()))
        self._move_children(self.placements[-1])
        columns, rows = math.ceil(saved.x + saved.columns), max(math.ceil(saved.y + saved.rows), 1)
        if command.number("C") in _COVERS:
            self._grid.cover(min(columns, room), rows, keeps_text=command.number("C") == _COVERS[1])
            self._drop_covered(self.placements[-1])
        elif command.number("C") != 1:
            self._grid.move_cursor(columns, rows - 1)
        return 0 if image.is_anonymous else image.id

    def _place_relatively(self, image: Image, saved: SavedPlacement) -> int:
        """Place an image relative to another placement of the active screen; the cursor stays."""
        alternate, key = self._grid.is_alternate(), saved.parent
        self._restore_pending(alternate)
        parent = self._placed_as(key, alternate)
        if parent is None:
            raise BadImageError("ENOPARENT:there is no such placement")
        above: Placement | None = parent
        for _ in range(_MAX_DEPTH):
            if above is None:
                break
            if above.key == (image.id, saved.id):
                raise BadImageError("ECYCLE:the placement would be its own parent")
            above = self._placed_as(above.parent, alternate)
        if above is not None:
            raise BadImageError("ETOODEEP:the placement has too many parents")
        if saved.id:
            self._drop_same(image, saved.id)
        placed = Placement(image, saved, parent.mark)
        placed.follow(parent)
        self.placements.append(placed)
        self._move_children(placed)
        return 0 if image.is_anonymous else image.id

    def _placed_as(self, key: tuple[int, int] | None, alternate: bool) -> Placement | None:
        """The newest placement with these ids."""
        if key is None:
            return None
        found = (placed for placed in reversed(self.placements) if placed.key == key and placed.alternate is alternate)
        return next(found, None)

    def _drop_same(self, image: Image, number: int) -> None:
        """Drop the placements with these ids, which another one replaces; what is relative to them stays."""
        self.placements = [placed for placed in self.placements if placed.key != (image.id, number)]

    def _move_children(self, parent: Placement) -> None:
        """Move what is relative to a placement, and put it behind it in the list."""
        moved, parents = {id(parent)}, [parent]
        for above in parents:
            for child in [placed for placed in self.placements if placed.parent == above.key]:
                if id(child) not in moved:
                    moved.add(id(child))
                    parents.append(child)
                    self.placements.remove(child)
                    child.follow(above)
                    self.placements.append(child)

    def _drop_orphans(self) -> None:
        """Drop relative placements without the placement that they follow."""
        while True:
            keys = {placed.key for placed in self.placements}
            kept = [placed for placed in self.placements if placed.parent is None or placed.parent in keys]
            if len(kept) == len(self.placements):
                return
            self.placements = kept

    def _drop_covered(self, new: Placement) -> None:
        """Drop the sixel images that a new one covers, as the earlier pictures of an animation."""
        row, top = new.mark.row_number(), self._grid.top()
        if row is None:
            return
        covers = _covered_by(new.column, row - top, new.column + new.columns, row - top + new.rows)
        self._drop_where(lambda placed, area: placed is not new and covers(placed, area))
        self._forget_anonymous()

    def _place_virtually(self, virtual: VirtualPlacement) -> None:
        """Replace the virtual placement with the same ids; drop the oldest if there are too many."""
        ids = virtual.image.id, virtual.id
        self._virtual = [other for other in self._virtual if (other.image.id, other.id) != ids]
        del self._virtual[: max(len(self._virtual) - MAX_PLACEMENTS + 1, 0)]
        self._virtual.append(virtual)

    def frame(self, top: int, rows: Mapping[int, Row]) -> tuple[PlacedImage, ...]:
        """The images of the active screen, those below first.

        Args:
            top: the viewport's first row.
            rows: the viewport's rows, for their placeholders and what is written over images.
        """
        alternate = self._grid.is_alternate()
        self._restore_pending(alternate)
        end = top + self._grid.size.rows
        found: list[PlacedImage] = []
        for placed in self.placements:
            if placed.alternate is not alternate or (row := placed.mark.row_number()) is None:
                continue
            if row < end and row + placed.y + placed.rows > top:
                shown: PlacedImage | None = PlacedImage(
                    placed.image,
                    placed.source,
                    placed.column + placed.x,
                    row - top + placed.y,
                    placed.columns,
                    placed.rows,
                    placed.z,
                )
                if shown is not None and placed.image.form == "sixel":
                    shown = uncovered(shown, rows, self._grid.size.columns, marked=alternate)
                if shown is not None:
                    found.append(shown)
        if self._virtual:
            found += shown_at_placeholders(rows, self._virtual, self._grid.cell)
        return tuple(sorted(found, key=lambda one: one.z))

    # -- deleting

    def _delete(self, command: Command) -> None:
        kind = command.letters.get("d", "a")
        test = _test_of(command, self._grid.cursor(), self._grid.size.rows)
        if test is None:
            return
        self._drop_where(test)
        if kind.lower() in _BY_IMAGE:
            self._virtual = [placed for placed in self._virtual if not test(placed, _NOWHERE)]
        if kind.isupper():
            used = {id(placed.image) for placed in self._all_placed()} | self._virtually_used()
            number = command.number
            wanted: Callable[[Image], bool] = {
                "I": lambda image: image.id == number("i"),
                "N": lambda image: image.number == number("I") > 0,
                "R": lambda image: number("x") <= image.id <= number("y"),
            }.get(kind, lambda _: True)
            self._images = [image for image in self._images if id(image) in used or not wanted(image)]
        self._forget_anonymous()

    def _all_placed(self) -> list[Placement]:
        """The placements of both screens whose rows still exist."""
        return [placed for placed in self.placements if self._grid.stored_row(placed.mark) is not None]

    def _virtually_used(self) -> set[int]:
        return {id(virtual.image) for virtual in self._virtual}

    def _drop_where(self, test: Test) -> None:
        """Drop placements of the active screen."""
        alternate, top = self._grid.is_alternate(), self._grid.top()
        self._restore_pending(alternate)

        def is_meant(placed: Placement) -> bool:
            if placed.alternate is not alternate or (row := placed.mark.row_number()) is None:
                return False
            left, upper = placed.column + placed.x, row - top + placed.y
            return test(placed, (left, upper, left + placed.columns, upper + placed.rows))

        self._drop(is_meant)

    def _drop(self, test: Callable[[Placement], bool]) -> None:
        self.placements = [placed for placed in self.placements if not test(placed)]
        self._drop_orphans()

    def _drop_images(self, test: Callable[[Image], bool]) -> None:
        self._drop(lambda placed: test(placed.image))
        self._virtual = [virtual for virtual in self._virtual if not test(virtual.image)]
        self._pending = [pending for pending in self._pending if not test(pending[0])]
        self._images = [image for image in self._images if not test(image)]

    def on_partial_clear(self, *, above: bool) -> None:
        """The program erased the screen from the cursor on (ED 0), or up to it (ED 1): sixel images go with it."""
        self._drop_where(_erased(self._grid.cursor(), above=above))
        self._forget_anonymous()

    def on_clear(self, *, history: bool) -> None:
        """The program erased the screen (ED 2), or the history (ED 3)."""
        if not history:
            self._drop_where(_on_screen(self._grid.size.rows))
        self._forget_gone()

    def on_screen_change(self) -> None:
        """The program entered or left the alternate screen."""
        self._restore_pending(self._grid.is_alternate())
        self._drop(lambda placed: placed.alternate)
        self._pending = [pending for pending in self._pending if not pending[1].alternate]
        self._forget_anonymous()

    def reset(self) -> None:
        """Drop everything: the program reset the terminal."""
        self._images, self.placements, self._virtual, self._pending, self._transmission = [], [], [], [], None

    def _forget_gone(self) -> None:
        """Drop placements on dropped rows, and the images that only they used."""
        self.placements = self._all_placed()
        self._drop_orphans()
        self._forget_anonymous()

    def _forget_anonymous(self) -> None:
        used = {id(placed.image) for placed in self.placements} | {id(image) for image, _ in self._pending}
        used |= self._virtually_used()
        self._images = [image for image in self._images if not image.is_anonymous or id(image) in used]

    def _make_room(self) -> None:
        """Drop the oldest images while there are too many."""
        most = MAX_IMAGES
        if len(self._images) <= most and sum(image.sent_bytes for image in self._images) <= self.max_bytes:
            return
        if len(self._images) > most:
            most = most * 3 // 4  # Drop several at once, since each call examines all placements.
        self._forget_gone()
        total = sum(image.sent_bytes for image in self._images)
        dropped: set[int] = set()
        for oldest in self._images:
            if total <= self.max_bytes and len(self._images) - len(dropped) <= most:
                break
            dropped.add(id(oldest))
            total -= oldest.sent_bytes
        self._drop_images(lambda image: id(image) in dropped)

    # -- carrying the images elsewhere

    def saved(self, stored_rows: int) -> SavedImages:
        """Everything, for a snapshot."""
        self._forget_gone()
        indexes = {id(image): index for index, image in enumerate(self._images)}
        placements = [
            SavedPlacement(
                indexes[id(placed.image)],
                placed.id,
                row,
                placed.column,
                placed.x,
                placed.y,
                placed.columns,
                placed.rows,
                placed.source,
                placed.z,
                placed.alternate,
                placed.parent,
                placed.offset,
            )
            for placed in self.placements
            if (row := self._grid.stored_row(placed.mark)) is not None
        ]
        placements += [msgspec.structs.replace(pending, image=indexes[id(image)]) for image, pending in self._pending]
        virtual = [placed.saved(indexes[id(placed.image)]) for placed in self._virtual]
        saved = SavedImages(self._images, placements, stored_rows, virtual=virtual)
        transmission = self._transmission
        if transmission is None:
            return saved
        return msgspec.structs.replace(
            saved, first_chunk=self._first_chunk, chunks=transmission.saved(), problem=transmission.problem
        )

    def restore(self, saved: SavedImages, stored_rows: int) -> None:
        """Set the images of a snapshot; the oldest rows of the active screen may be missing."""
        self._images = saved.images
        self.is_used = bool(saved.images or saved.first_chunk)
        missing = max(saved.stored_rows - stored_rows, 0)
        alternate = self._grid.is_alternate()
        for placement in saved.placements:
            if placement.image >= len(saved.images):
                continue
            image = saved.images[placement.image]
            if placement.alternate is not alternate:
                self._pending.append((image, placement))
            elif placement.row >= missing:
                mark = self._grid.mark_row(placement.row - missing)
                self.placements.append(Placement(image, placement, mark))
        self._virtual = [
            VirtualPlacement(saved.images[virtual.image], virtual.id, virtual.columns, virtual.rows, virtual.z)
            for virtual in saved.virtual
            if virtual.image < len(saved.images)
        ]
        command = parse(saved.first_chunk) if saved.first_chunk else None
        if command is not None:
            self._first_chunk = saved.first_chunk
            self._transmission = Transmission(command, saved.problem)
            self._transmission.restore(saved.chunks)

    def _restore_pending(self, alternate: bool) -> None:
        if not self._pending or self._pending[0][1].alternate is not alternate:
            return
        pending, self._pending = self._pending, []
        restored = [Placement(image, placement, self._grid.mark_row(placement.row)) for image, placement in pending]
        self.placements[:0] = restored


def _refuse_animation() -> int:
    raise BadImageError("EINVAL:animations are not supported")


# ---------------------------------------------------------------- placing

_MAX_CELLS: Final = 1000
"""The largest placement in columns or rows; the text scrolls by its rows."""


class Grid(Protocol):
    """The engine's grid, as images use it."""

    @property
    def size(self) -> GridSize:
        """The grid's size."""

    @property
    def cell(self) -> CellSize:
        """The cell's size, in pixels of the programs."""

    def cursor(self) -> tuple[int, int]:
        """The cursor's column and row."""

    def is_alternate(self) -> bool:
        """Whether the alternate screen is active."""

    def top(self) -> int:
        """The screen's first row, counted as a RowMark counts."""

    def mark_cursor(self) -> RowMark:
        """Mark the cursor's row; a resize keeps the mark."""

    def mark_row(self, stored_row: int) -> RowMark:
        """Mark a row of the active screen that ``stored_row`` has counted."""

    def stored_row(self, mark: RowMark) -> int | None:
        """A marked row, counted for a snapshot, also while its screen is not active; None if it is gone."""

    def move_cursor(self, columns: int, rows: int) -> None:
        """Move the cursor down, where the text scrolls, and right; to the next line if there is no such column."""

    def cover(self, columns: int, rows: int, *, keeps_text: bool) -> None:
        """Clear the cells from the cursor on, and move it down to the last of these rows, where the text scrolls.

        On the alternate screen, they are filled with ``sixel.MARK``. With ``keeps_text``, only the cells without
        text are, and those with text get ``rows.UNDER_IMAGE``.
        """

    def print(self, text: str) -> None:
        """Print a line of text in place of an image."""

    def reply(self, data: bytes) -> None:
        """Send a reply to the program."""


class Placement:
    """A placed image."""

    # fmt: off
    __slots__ = (
        "alternate", "column", "columns", "id", "image", "mark", "offset", "parent", "rows", "source", "x", "y", "z",
    )
    # fmt: on

    def __init__(self, image: Image, saved: SavedPlacement, mark: RowMark) -> None:
        self.image = image
        self.mark = mark
        self.id = saved.id
        self.column = saved.column
        self.x = saved.x
        self.y = saved.y
        self.columns = saved.columns
        self.rows = saved.rows
        self.source = saved.source
        self.z = saved.z
        self.alternate = saved.alternate
        self.parent = saved.parent
        self.offset = saved.offset

    @property
    def key(self) -> tuple[int, int]:
        """The ids by which a relative placement names this one."""
        return self.image.id, self.id

    def follow(self, parent: Placement) -> None:
        """Go to the offset from another placement's first cell; the row stays the other one's, and scrolls with it."""
        columns, rows = self.offset
        self.mark, self.alternate = parent.mark, parent.alternate
        self.column = parent.column + math.floor(parent.x) + columns
        self.y = math.floor(parent.y) + rows + self.y % 1


def _placement_of(
    command: Command, image: Image, cell: CellSize, column: int, room: int, *, alternate: bool
) -> SavedPlacement:
    """The position and size in a command, as a value; the row and the image's number are left open.

    Args:
        command: the command.
        image: the placed image.
        cell: the cell's size.
        column: the cursor's.
        room: the columns from there to the end of the row.
        alternate: whether the alternate screen is active.

    Raises:
        BadImageError: the image has no such part.
    """
    number, source = command.number, _source(command, image)
    cell_width, cell_height = max(cell.width_px, 1), max(cell.height_px, 1)
    x, y = min(number("X"), cell_width - 1) / cell_width, min(number("Y"), cell_height - 1) / cell_height
    columns, rows = number("c"), number("r")
    ratio = source.width / source.height * cell_height / cell_width
    wide = columns - x if columns else (rows - y) * ratio if rows else source.width / cell_width
    high = rows - y if rows else wide / ratio if columns else source.height / cell_height
    if number("F"):
        wide = min(wide, high * ratio, max(room, 1))
        high = wide / ratio
    wide, high = min(wide, _MAX_CELLS), min(high, _MAX_CELLS)
    parent = (number("P"), number("Q")) if number("P") else None
    offset = number("H"), number("V")
    return SavedPlacement(0, number("p"), 0, column, x, y, wide, high, source, number("z"), alternate, parent, offset)


def _virtual_placement_of(command: Command, image: Image, cell: CellSize) -> VirtualPlacement:
    """The virtual placement that a command describes; without a size in cells, it has the image's own."""
    columns = command.number("c") or math.ceil(image.width_px / max(cell.width_px, 1))
    rows = command.number("r") or math.ceil(image.height_px / max(cell.height_px, 1))
    most = len(MARKS)
    return VirtualPlacement(image, command.number("p"), min(columns, most), min(rows, most), command.number("z"))


def _source(command: Command, image: Image) -> Source:
    """The part of an image that a placement shows.

    Raises:
        BadImageError: there is no such part.
    """
    x, y = command.number("x"), command.number("y")
    width = min(command.number("w") or image.width_px, image.width_px - x)
    height = min(command.number("h") or image.height_px, image.height_px - y)
    if width <= 0 or height <= 0:
        raise BadImageError("EINVAL:the image has no such part")
    return Source(x, y, width, height)


# ---------------------------------------------------------------- deleting

Area = tuple[float, float, float, float]
"""Left, top, right and bottom of a placement, in cells of the screen."""

_NOWHERE: Final[Area] = (0, 0, 0, 0)
_BY_IMAGE: Final = frozenset("inr")
"""Kinds that do not depend on where a placement is, and delete virtual ones, too."""

Test = Callable[["Placement | VirtualPlacement", Area], bool]


def _test_of(command: Command, cursor: tuple[int, int], screen_rows: int) -> Test | None:
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
            return _on_screen(screen_rows)
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


def _on_screen(rows: int) -> Test:
    """The test for placements that are on a screen with this number of rows."""
    return lambda _, area: area[1] < rows and area[3] > 0


def _covered_by(left: float, top: float, right: float, bottom: float) -> Test:
    """The test for sixel images in an area of the screen."""
    return lambda placed, area: (
        placed.image.form == "sixel" and left <= area[0] and top <= area[1] and area[2] <= right and area[3] <= bottom
    )


def _erased(cursor: tuple[int, int], *, above: bool) -> Test:
    """The test for sixel images in the rows that are erased from the cursor on, or up to it."""
    column, row = cursor
    first = row + (column > 0)
    return lambda placed, area: placed.image.form == "sixel" and (area[3] <= row if above else area[1] >= first)


def _holds(area: Area, column: int, row: int) -> bool:
    left, top, right, bottom = area
    return left < column + 1 and column < right and top < row + 1 and row < bottom


# ---------------------------------------------------------------- replaying

_FORMATS = {"rgb": 24, "rgba": 32, "png": 100, "jpeg": 1337, "gif": 1337, "sixel": sixel.FORMAT}
_CHUNK_BYTES = 3072


class ReplayedImages(NamedTuple):
    """Commands that rebuild images, in the order in which they are to be written."""

    transmissions: str
    primary: dict[int, str]
    """Placements on the main screen, by stored row: to be written somewhere in that row; they move the cursor in it."""
    alternate: dict[int, str]
    unfinished: str
    """The transmission that has begun; nothing but its next chunk may follow."""


NO_IMAGES = ReplayedImages("", {}, {}, "")


def replayed(saved: SavedImages, cell: CellSize) -> ReplayedImages:
    """The commands for all images.

    Args:
        saved: the images.
        cell: the cell's size.
    """
    rows: tuple[dict[int, str], dict[int, str]] = {}, {}
    for placement in saved.placements:
        placed = rows[placement.alternate]
        put = _put(saved.images[placement.image], placement, cell)
        placed[placement.row] = placed.get(placement.row, "") + put
    first = saved.first_chunk.decode("ascii", "replace")
    unfinished = f"\x1b_G{first};{_text(b''.join(saved.chunks[1:]))}\x1b\\" if first else ""
    virtual = [_put_virtually(saved.images[placement.image], placement) for placement in saved.virtual]
    return ReplayedImages("".join([*map(_transmit, saved.images), *virtual]), *rows, unfinished)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _transmit(image: Image) -> str:
    keys = f"a=t,q=2,f={_FORMATS[image.form]},s={image.width_px},v={image.height_px},i={image.id}"
    if image.number:
        keys += f",I={image.number}"
    if image.is_compressed:
        keys += ",o=z"
    parts: list[str] = []
    for start in range(0, len(image.data), _CHUNK_BYTES):
        more = int(start + _CHUNK_BYTES < len(image.data))
        parts.append(f"\x1b_G{keys},m={more};{_text(image.data[start : start + _CHUNK_BYTES])}\x1b\\")
        keys = "q=2"
    return "".join(parts)


def _put(image: Image, placement: SavedPlacement, cell: CellSize) -> str:
    width, height = max(cell.width_px, 1), max(cell.height_px, 1)
    source = placement.source
    # fmt: off
    values = {
        "i": image.id, "p": placement.id, "z": placement.z, "C": 1, "q": 2,
        "x": source.x, "y": source.y, "w": source.width, "h": source.height,
        "X": round(placement.x * width), "Y": round(placement.y * height),
    }
    # fmt: on
    if (round(placement.columns * width), round(placement.rows * height)) != (source.width, source.height):
        values["c"] = max(round(placement.x + placement.columns), 1)
        values["r"] = max(round(placement.y % 1 + placement.rows), 1)
    if placement.parent is not None:
        values |= {"Y": round(placement.y % 1 * height), "P": placement.parent[0], "Q": placement.parent[1]}
        values |= dict(zip("HV", placement.offset, strict=True))
    keys = ",".join(f"{key}={value}" for key, value in values.items() if value)
    return f"\x1b[{max(placement.column, 0) + 1}G\x1b_Ga=p,{keys}\x1b\\"


def _put_virtually(image: Image, placement: SavedVirtual) -> str:
    values = {"i": image.id, "p": placement.id, "c": placement.columns, "r": placement.rows, "z": placement.z}
    keys = ",".join(f"{key}={value}" for key, value in values.items() if value)
    return f"\x1b_Ga=p,U=1,q=2,{keys}\x1b\\"
