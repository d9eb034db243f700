"""The tree of panes: splitting, closing, evening out, resizing, and reading from a file."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from gui.settings.pane_tree import (
    SIDES,
    Node,
    Pane,
    Rect,
    Side,
    Split,
    areas,
    divider_to_push,
    even_out,
    is_sound,
    move_divider,
    neighbour,
    numbers,
    remove,
    renumbered,
    split,
    successor,
    with_pane_back,
)

WHOLE = Rect(0, 0, 1001, 801)


def built(*steps: tuple[int, Side]) -> Node:
    """Split pane 0 step by step; each step names a pane and the side of the new one, which gets the next number."""
    node: Node = Pane(0)
    for new, (number, side) in enumerate(steps, 1):
        node = split(node, number, side, new)
    return node


def places_of(node: Node) -> dict[int, Rect]:
    return areas(node, WHOLE, 1)[0]


def test_a_split_halves_a_pane_and_puts_the_new_one_at_its_side():
    node = built((0, "right"), (1, "down"), (0, "up"))
    assert places_of(node) == {
        0: Rect(0, 401, 500, 400),
        1: Rect(501, 0, 500, 400),
        2: Rect(501, 401, 500, 400),
        3: Rect(0, 0, 500, 400),
    }
    assert numbers(node) == [3, 0, 1, 2]


def test_a_second_split_in_the_same_direction_stays_in_the_same_row():
    node = built((0, "right"), (1, "right"), (0, "left"))
    assert isinstance(node, Split)
    assert numbers(node) == [3, 0, 1, 2]
    assert node.shares == (0.25, 0.25, 0.25, 0.25)


def test_a_closed_pane_gives_its_space_to_the_previous_neighbour():
    node = built((0, "right"), (1, "right"))
    assert successor(node, 1) == 0
    assert remove(node, 1) == Split(True, (Pane(0), Pane(2)), (0.75, 0.25))
    assert successor(node, 0) == 1
    assert remove(node, 0) == Split(True, (Pane(1), Pane(2)), (0.75, 0.25))
    assert remove(Pane(0), 0) is None
    assert successor(Pane(0), 0) is None


def test_a_row_left_alone_in_its_column_joins_the_outer_row():
    node = remove(built((0, "right"), (1, "down"), (2, "right")), 1)
    assert node == Split(True, (Pane(0), Pane(2), Pane(3)), (0.5, 0.25, 0.25))


def test_evening_out_gives_each_column_the_same_width():
    node = even_out(built((0, "right"), (1, "right"), (2, "down"), (3, "right")))
    widths = {number: rect.width for number, rect in places_of(node).items()}
    assert widths == {0: 250, 1: 250, 2: 499, 3: 249, 4: 249}


def test_the_neighbour_is_the_nearest_at_that_side_or_the_last_used_of_two():
    node = built((0, "right"), (1, "down"), (2, "right"))
    places = places_of(node)
    assert [neighbour(places, 0, side) for side in SIDES] == [None, 1, None, None]
    assert neighbour(places, 0, "right", [1, 2]) == 2
    assert neighbour(places, 3, "left") == 2
    assert neighbour(places, 3, "up") == 1
    assert neighbour(places, 1, "down", [2, 3]) == 3
    assert neighbour(places, 1, "left") == 0


def test_resizing_moves_the_divider_after_a_pane_or_before_the_last_pane():
    node = built((0, "right"), (1, "right"), (1, "down"))
    dividers = areas(node, WHOLE, 1)[1]
    widths = []
    for number in (0, 1, 2):
        line = divider_to_push(node, dividers, number, is_row=True)
        assert line is not None
        moved = places_of(move_divider(node, line, 50, 40))
        widths.append([moved[each].width for each in (0, 1, 2)])
    assert widths == [[550, 199, 250], [500, 299, 200], [500, 299, 200]]
    assert divider_to_push(node, dividers, 0, is_row=False) is None
    line = divider_to_push(node, dividers, 3, is_row=False)
    assert line is not None
    assert places_of(move_divider(node, line, -100, 40))[1].height == 300


def test_a_divider_keeps_a_minimum_width_and_leaves_a_narrow_pane_alone():
    node = built((0, "right"))
    [line] = areas(node, WHOLE, 1)[1]
    assert places_of(move_divider(node, line, 5000, 40))[1].width == 40
    assert places_of(move_divider(node, line, -5000, 40))[0].width == 40
    narrow = Split(True, (Pane(0), Pane(1)), (0.01, 0.99))
    [line] = areas(narrow, WHOLE, 1)[1]
    assert places_of(move_divider(narrow, line, -50, 40))[0].width == 10


def test_panes_are_renumbered_and_those_without_a_number_left_out():
    node = built((0, "right"), (1, "down"))
    assert renumbered(node, {0: 7, 2: 0}) == Split(True, (Pane(7), Pane(0)), (0.5, 0.5))
    assert renumbered(node, {}) is None


@pytest.mark.parametrize(
    "node",
    [
        Split(True, (Pane(0), Pane(0)), (0.5, 0.5)),
        Split(True, (Pane(0), Pane(1)), (0.5,)),
        Split(True, (Pane(0),), (1.0,)),
        Split(True, (Pane(0), Pane(1)), (float("nan"), 0.5)),
        Split(True, (Pane(0), Pane(1)), (0.0, 1.0)),
    ],
)
def test_an_inconsistent_tree_is_not_sound(node: Node):
    assert not is_sound(node)


@given(some.lists(some.tuples(some.integers(0, 9), some.sampled_from(SIDES), some.booleans()), max_size=25))
def test_panes_always_fill_the_window_without_overlaps(steps: list[tuple[int, Side, bool]]):
    node: Node = Pane(0)
    for new, (choice, side, removes) in enumerate(steps, 1):
        present = numbers(node)
        chosen = present[choice % len(present)]
        node = (remove(node, chosen) or node) if removes else split(node, chosen, side, new)
        assert is_sound(node)
        assert msgspec.json.decode(msgspec.json.encode(node), type=Pane | Split) == node
        places, dividers = areas(node, WHOLE, 1)
        covered = sum(rect.width * rect.height for rect in [*places.values(), *(line.rect for line in dividers)])
        assert covered == WHOLE.width * WHOLE.height
        assert list(places) == numbers(node)
        assert all(abs(sum(one.shares) - 1) < 1e-9 for one in _splits(node))


def _splits(node: Node) -> list[Split]:
    return [] if isinstance(node, Pane) else [node, *(inner for child in node.children for inner in _splits(child))]


@given(some.lists(some.tuples(some.integers(0, 5), some.sampled_from(SIDES)), min_size=1, max_size=6), some.randoms())
def test_removed_panes_are_restored_to_their_positions_in_reverse_order(steps: list[tuple[int, Side]], random: Random):
    node = built(*((number % new, side) for new, (number, side) in enumerate(steps, 1)))
    removed: list[tuple[Node, int]] = []
    now = node
    for number in random.sample(numbers(node), len(numbers(node)) - 1):
        removed.append((now, number))
        now = remove(now, number) or now
    for before, number in reversed(removed):
        now = with_pane_back(now, before, number) or now
    assert now == node


def test_a_removed_pane_is_restored_alone_and_never_into_another_arrangement():
    before = built((0, "right"), (1, "down"))
    assert with_pane_back(Pane(0), before, 1) == built((0, "right"))
    assert with_pane_back(built((0, "down")), before, 2) is None
    assert with_pane_back(built((0, "right"), (1, "right")), before, 3) is None
