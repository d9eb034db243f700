"""The arrangement of a window's panes: a tree of splits, as values.

A pane is a number. A split divides its area among its children, from left to right or from top to bottom, by shares
that add up to 1. No child of a split divides in the same direction as the split itself. Functions return new trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

Side = Literal["left", "right", "up", "down"]

SIDES: tuple[Side, ...] = ("left", "right", "up", "down")


class Pane(msgspec.Struct, frozen=True, tag="pane", tag_field="is"):
    """A leaf of the tree."""

    number: int


class Split(msgspec.Struct, frozen=True, tag="split", tag_field="is"):
    """An area that is divided among two or more children.

    Attributes:
        is_row: whether the children are side by side, else one below the other.
        children: panes and splits, from the left or from the top.
        shares: the children's shares of the area.
    """

    is_row: bool
    children: tuple[Pane | Split, ...]
    shares: tuple[float, ...]


Node = Pane | Split


class Rect(NamedTuple):
    """An area of the window, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Divider(NamedTuple):
    """The line between two neighbours of a split.

    Attributes:
        path: the indices that lead from the root to the split.
        before: the index of the neighbour before the line.
        is_row: whether the neighbours are side by side.
        rect: the line's area.
        length_px: what the split's children share.
    """

    path: tuple[int, ...]
    before: int
    is_row: bool
    rect: Rect
    length_px: int


def numbers(node: Node) -> list[int]:
    """The panes in reading order."""
    if isinstance(node, Pane):
        return [node.number]
    return [number for child in node.children for number in numbers(child)]


def is_sound(node: Node) -> bool:
    """Whether a tree from a file is valid: its panes are unique, and each child has a share."""
    found = numbers(node)
    return len(set(found)) == len(found) and _has_sound_shares(node)


def _has_sound_shares(node: Node) -> bool:
    if isinstance(node, Pane):
        return True
    return (
        len(node.children) == len(node.shares) >= 2
        and all(0 < share <= 1 for share in node.shares)
        and all(_has_sound_shares(child) for child in node.children)
    )


# ------------------------------------------------------------ changing


def split(node: Node, number: int, side: Side, new: int) -> Node:
    """Split a pane: a new pane gets the half of its area at this side."""
    is_row, is_before = side in {"left", "right"}, side in {"left", "up"}
    if isinstance(node, Pane):
        if node.number != number:
            return node
        pair = (Pane(new), node) if is_before else (node, Pane(new))
        return Split(is_row, pair, (0.5, 0.5))
    return _split_of(node.is_row, [(split(child, number, side, new), share) for child, share in _parts(node)])


def remove(node: Node, number: int) -> Node | None:
    """Remove a pane; its neighbours get its area. None if it was the only pane."""
    if isinstance(node, Pane):
        return None if node.number == number else node
    kept: list[tuple[Node, float]] = []
    free = 0.0
    for child, share in _parts(node):
        rest = remove(child, number)
        if rest is not None:
            kept.append((rest, share + free))
            free = 0.0
        elif kept:
            kept[-1] = (kept[-1][0], kept[-1][1] + share)
        else:
            free = share
    return _split_of(node.is_row, kept)


def with_pane_back(node: Node, before: Node, number: int) -> Node | None:
    """Put a removed pane back; None if the arrangement of the other panes has changed; their sizes may differ.

    Args:
        node: the tree now, without the pane.
        before: the tree when the pane was removed, with it; panes that were removed since do not come back.
        number: the pane.
    """
    kept = {each: each for each in numbers(before) if each == number or each in numbers(node)}
    earlier = renumbered(before, kept)
    rest = remove(earlier, number) if earlier is not None else None
    return earlier if rest is not None and _without_shares(rest) == _without_shares(node) else None


def _without_shares(node: Node) -> object:
    return node.number if isinstance(node, Pane) else (node.is_row, *map(_without_shares, node.children))


def successor(node: Node, number: int) -> int | None:
    """The pane beside the area that ``remove`` frees; None for the only pane."""
    if isinstance(node, Pane):
        return None
    for index, child in enumerate(node.children):
        if number in numbers(child):
            inner = successor(child, number)
            if inner is not None:
                return inner
            return numbers(node.children[index - 1])[-1] if index else numbers(node.children[1])[0]
    return None


def renumbered(node: Node, new: dict[int, int]) -> Node | None:
    """Renumber the panes, and remove those without a new number; None if no pane is left."""
    for number in numbers(node):
        if number not in new:
            rest = remove(node, number)
            return None if rest is None else renumbered(rest, new)
    return _renumbered(node, new)


def _renumbered(node: Node, new: dict[int, int]) -> Node:
    if isinstance(node, Pane):
        return Pane(new[node.number])
    return Split(node.is_row, tuple(_renumbered(child, new) for child in node.children), node.shares)


def swapped(node: Node, one: int, other: int) -> Node:
    """Swap two panes."""
    return _renumbered(node, {**{number: number for number in numbers(node)}, one: other, other: one})


def moved(node: Node, number: int, to: int, side: Side) -> Node:
    """Move a pane to a side of another one: it gets the half of that one's area, which may be larger without it."""
    rest = remove(node, number)
    return node if rest is None else split(rest, to, side, number)


def even_out(node: Node) -> Node:
    """Give all panes about the same area: a child's share depends on its number of panes along the split."""
    if isinstance(node, Pane):
        return node
    weights = [_count_along(child, is_row=node.is_row) for child in node.children]
    shares = tuple(weight / sum(weights) for weight in weights)
    return Split(node.is_row, tuple(even_out(child) for child in node.children), shares)


def _count_along(node: Node, *, is_row: bool) -> int:
    if isinstance(node, Pane):
        return 1
    counts = [_count_along(child, is_row=is_row) for child in node.children]
    return sum(counts) if node.is_row == is_row else max(counts)


def move_divider(node: Node, divider: Divider, by_px: int, min_px: int) -> Node:
    """Move a divider right or down, or back with a negative distance; neighbours stay at least ``min_px`` large."""
    if isinstance(node, Pane):
        return node
    if divider.path:
        first, *rest = divider.path
        inner = divider._replace(path=tuple(rest))
        children = list(node.children)
        children[first] = move_divider(children[first], inner, by_px, min_px)
        return Split(node.is_row, tuple(children), node.shares)
    shares = list(node.shares)
    before, after = shares[divider.before], shares[divider.before + 1]
    least = min(min_px / max(divider.length_px, 1), before, after)
    moved = min(max(before + by_px / max(divider.length_px, 1), least), before + after - least)
    shares[divider.before], shares[divider.before + 1] = moved, before + after - moved
    return Split(node.is_row, node.children, tuple(shares))


def _parts(node: Split) -> list[tuple[Node, float]]:
    return list(zip(node.children, node.shares, strict=True))


def _split_of(is_row: bool, parts: list[tuple[Node, float]]) -> Node:
    """A split of these children, without splits in its own direction; a single child is returned as it is."""
    flat: list[tuple[Node, float]] = []
    for child, share in parts:
        if isinstance(child, Split) and child.is_row == is_row:
            flat += [(grandchild, share * inner) for grandchild, inner in _parts(child)]
        else:
            flat.append((child, share))
    if len(flat) == 1:
        return flat[0][0]
    return Split(is_row, tuple(child for child, _ in flat), tuple(share for _, share in flat))


# ------------------------------------------------------------ areas


def areas(node: Node, rect: Rect, gap_px: int) -> tuple[dict[int, Rect], list[Divider]]:
    """The area of each pane, and the lines between them.

    Args:
        node: the tree.
        rect: the area of all panes.
        gap_px: the width of a line.
    """
    rects: dict[int, Rect] = {}
    dividers: list[Divider] = []
    _place(node, rect, gap_px, (), rects, dividers)
    return rects, dividers


def _place(
    node: Node, rect: Rect, gap_px: int, path: tuple[int, ...], rects: dict[int, Rect], dividers: list[Divider]
) -> None:
    if isinstance(node, Pane):
        rects[node.number] = rect
        return
    whole_px = rect.width if node.is_row else rect.height
    length_px = max(whole_px - gap_px * (len(node.children) - 1), 0)
    total, passed, begin_px = sum(node.shares), 0.0, 0
    for index, (child, share) in enumerate(_parts(node)):
        passed += share
        end_px = round(length_px * passed / total)
        at_px = begin_px + index * gap_px
        _place(child, _part_of(rect, node.is_row, at_px, end_px - begin_px), gap_px, (*path, index), rects, dividers)
        if index + 1 < len(node.children):
            line = _part_of(rect, node.is_row, end_px + index * gap_px, gap_px)
            dividers.append(Divider(path, index, node.is_row, line, length_px))
        begin_px = end_px


def _part_of(rect: Rect, is_row: bool, at_px: int, size_px: int) -> Rect:
    if is_row:
        return Rect(rect.left + at_px, rect.top, size_px, rect.height)
    return Rect(rect.left, rect.top + at_px, rect.width, size_px)


def neighbour(rects: dict[int, Rect], number: int, side: Side, recent: Sequence[int] = ()) -> int | None:
    """The next pane at one side of a pane; of several, the one that was used last (the latest in ``recent``)."""
    here = rects[number]
    ranks = {other: rank for rank, other in enumerate(recent)}
    best: tuple[int, int, int] | None = None
    found = None
    for other, there in rects.items():
        distance_px = _distance_px(here, there, side)
        shared_px = _shared_px(here, there, is_row=side in {"left", "right"})
        if other == number or distance_px < 0 or shared_px <= 0:
            continue
        rank = (-distance_px, ranks.get(other, -1), shared_px)
        if best is None or rank > best:
            best, found = rank, other
    return found


def _distance_px(here: Rect, there: Rect, side: Side) -> int:
    """The distance from this area's side to the other area; negative if they overlap in that direction."""
    match side:
        case "left":
            return here.left - (there.left + there.width)
        case "right":
            return there.left - (here.left + here.width)
        case "up":
            return here.top - (there.top + there.height)
        case "down":
            return there.top - (here.top + here.height)


def _shared_px(here: Rect, there: Rect, *, is_row: bool) -> int:
    """The length of the side's part that both areas share."""
    if is_row:
        return min(here.top + here.height, there.top + there.height) - max(here.top, there.top)
    return min(here.left + here.width, there.left + there.width) - max(here.left, there.left)


def divider_to_push(node: Node, dividers: Sequence[Divider], number: int, *, is_row: bool) -> Divider | None:
    """The divider that the keyboard moves to resize a pane: the one after it; for the last pane, the one before it.

    Args:
        node: the tree.
        dividers: its lines.
        number: the pane.
        is_row: whether the pane's width changes, else its height.
    """
    found: Divider | None = None
    for path, index, count, split_is_row in _path_to(node, number):
        if split_is_row == is_row:  # The last split on the way is the nearest one.
            wanted = index if index + 1 < count else index - 1
            found = next((line for line in dividers if (line.path, line.before) == (path, wanted)), found)
    return found


def _path_to(node: Node, number: int, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], int, int, bool]]:
    """The splits from the root to a pane: path, the branch's index, the number of branches, and the direction."""
    if isinstance(node, Pane):
        return []
    for index, child in enumerate(node.children):
        if number in numbers(child):
            step = (path, index, len(node.children), node.is_row)
            return [step, *_path_to(child, number, (*path, index))]
    return []
