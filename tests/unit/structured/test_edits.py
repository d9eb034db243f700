"""Files that an agent's edits have changed."""

from __future__ import annotations

import pytest

from session_host.structured.edits import changes_by_file, hunk_after, reversed_hunk
from session_host.structured.items import FileChange, Item, ItemStatus


def edit(*changes: FileChange, status: ItemStatus = "done") -> Item:
    return Item(id="1", kind="tool", at_ms=1, tool="edit", status=status, changes=changes)


MOVE, LATER, OTHER = FileChange("a", "", moved_to="b"), FileChange("b", "@@\n+1\n"), FileChange("c", "@@\n-1\n")
ITEMS = [
    edit(FileChange("a", "@@\n+0\n")),
    edit(OTHER, status="failed"),
    edit(MOVE),
    edit(LATER),
    edit(OTHER, status="declined"),
]


def test_a_moved_file_counts_once_by_its_last_name_and_edits_that_were_not_done_do_not() -> None:
    assert changes_by_file(ITEMS) == {"b": [FileChange("a", "@@\n+0\n"), MOVE, LATER]}


HUNK = "@@ -10,3 +10,3 @@\n ten\n-eleven\n+ELEVEN\n twelve\n"


@pytest.mark.parametrize(
    ("later", "line"),
    [
        ([], 10),
        (["@@ -1,2 +1,4 @@\n one\n+new\n+new\n two\n"], 12),
        (["@@ -1,2 +1,4 @@\n one\n+new\n+new\n two\n@@ -20 +22,2 @@\n-x\n+y\n+z\n"], 12),
        (["@@ -3 +2,0 @@\n-three\n", "@@ -1,0 +2,3 @@\n+a\n+b\n+c\n"], 12),
        (["@@ -8,3 +8,3 @@\n eight\n-nine\n+NINE\n ten\n"], 10),
        (["@@ -9,0 +10,1 @@\n+between\n"], 11),
        (["@@ -12,0 +13,1 @@\n+below\n"], 10),
        (["@@ -12,1 +12,1 @@\n-twelve\n+TWELVE\n"], 0),
        (["@@ -10,0 +11,1 @@\n+inside\n"], 0),
        (["@@\n-one\n+two\n"], 0),
    ],
)
def test_a_hunk_is_where_later_edits_have_moved_it(later: list[str], line: int) -> None:
    assert hunk_after(HUNK, later) == line


def test_a_hunk_moves_back_when_the_one_above_it_is_taken_back() -> None:
    above = "@@ -1,2 +1,4 @@\n one\n+new\n+new\n two\n"
    assert reversed_hunk(above, 1) == "@@ -1,4 +1,2 @@\n one\n-new\n-new\n two\n"
    assert reversed_hunk("@@\n one\n-a\n+b\n+c\n", 7) == "@@ -7,3 +7,2 @@\n one\n+a\n-b\n-c\n"
    assert hunk_after(HUNK.replace("+10", "+12"), [reversed_hunk(above, 1)]) == 10
    assert (hunk_after("@@\n-a\n+b\n", []), hunk_after("@@ -1 +0,0 @@\n-a\n", [])) == (0, 0)
