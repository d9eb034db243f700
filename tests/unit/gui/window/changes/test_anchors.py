"""Anchors of comments: a comment's lines are found again in a changed diff, or not at all."""

from __future__ import annotations

import pytest

from gui.bridge.changes import ChangedFile
from gui.chat.content.segments import DiffLine
from gui.settings.layout import ReviewComment
from gui.window.changes.anchors import MAX_LINES, find, lines_of, new_comment


def diff(*lines: str, new: int = 10) -> list[DiffLine]:
    """The lines of a diff with one hunk; ``new`` is its first line number after the change."""
    old_count, new_count = (sum(line[0] in f"{sign} " for line in lines) for sign in "-+")
    patch = "\n".join([f"@@ -10,{old_count} +{new},{new_count} @@", *lines]) + "\n"
    return lines_of(ChangedFile(path="a", state="modified", patch=patch))


def comment(lines: list[DiffLine], first: int, last: int | None = None) -> ReviewComment:
    review_comment = new_comment("/top", "a", lines, first, first if last is None else last)
    assert review_comment is not None
    return review_comment


def numbers(review_comment: ReviewComment) -> tuple[int, int, bool]:
    return review_comment.first, review_comment.last, review_comment.is_old


def test_a_comment_has_new_line_numbers_or_old_ones_if_all_its_lines_are_removed() -> None:
    lines = diff(" one", "-two", "-three", "+2", " four")
    assert numbers(comment(lines, 4)) == (11, 11, False)
    assert numbers(comment(lines, 2, 3)) == (11, 12, True)
    whole = comment(lines, 0, 5)
    assert numbers(whole) == (10, 12, False)
    assert whole.lines == (" one", "-two", "-three", "+2", " four")
    assert (comment(lines, 4).before, comment(lines, 4).after) == (("one",), ("four",))


def test_a_hunk_header_and_a_note_of_git_take_no_comment() -> None:
    lines = diff("-one", "+1", "\\ No newline at end of file")
    assert new_comment("/top", "a", lines, 0, 0) is None
    assert new_comment("/top", "a", lines, 3, 3) is None


def test_lines_that_moved_are_found_by_their_text() -> None:
    review_comment = comment(diff(" a", "+b", "+c", " d"), 2, 3)
    later = diff(" x", " y", "+new", "+b", "+c", new=30)
    found = find(review_comment, later)
    assert (found.first, found.last) == (4, 5)
    assert numbers(found.comment) == (33, 34, False)
    assert (found.comment.id, found.comment.before) == (review_comment.id, ("x", "y", "new"))


def test_a_committed_line_is_found_among_the_unchanged_ones() -> None:
    review_comment = comment(diff(" a", "+b", " d"), 2)
    assert find(review_comment, diff(" b", "-d", "+e")).first == 1


def test_a_removed_line_is_not_found_among_unchanged_or_added_ones() -> None:
    review_comment = comment(diff("-a", "+b"), 1)
    assert review_comment.is_old
    assert find(review_comment, diff(" a", "-b", "+c")).first is None


def test_a_missing_line_is_not_found_and_keeps_its_numbers() -> None:
    review_comment = comment(diff(" a", "+b", " c"), 2)
    assert find(review_comment, diff(" a", "+B", " c")) == (review_comment, None, None)
    assert find(review_comment, []) == (review_comment, None, None)


@pytest.mark.parametrize("later", [("+start", "+}", "+end", "+}"), ("+other", "+}", "+start", "+}", "+end")])
def test_a_line_with_a_common_text_is_found_by_its_neighbours(later: tuple[str, ...]) -> None:
    review_comment = comment(diff("+start", "+}", "+end"), 2)
    lines = diff(*later)
    found = find(review_comment, lines)
    assert found.first is not None
    assert lines[found.first - 1].text == "start"
    assert lines[found.first + 1].text == "end"


def test_of_equal_places_only_the_one_with_the_same_numbers_counts() -> None:
    blocks = ("+a", "+}", "+b") * 4
    lines = diff(*blocks)
    review_comment = comment(lines, 5)
    assert find(review_comment, lines).first == 5
    assert find(review_comment, diff(*blocks, new=50)).first is None


def test_line_ends_make_no_difference_and_long_comments_are_cut() -> None:
    review_comment = comment(diff("+a\r"), 1)
    assert review_comment.lines == ("+a",)
    assert find(review_comment, diff("+a")).first == 1
    many = diff(*(f"+{number}" for number in range(MAX_LINES + 50)))
    assert len(comment(many, 1, MAX_LINES + 40).lines) == MAX_LINES
