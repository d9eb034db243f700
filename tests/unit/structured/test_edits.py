"""Files that an agent's edits have changed."""

from __future__ import annotations

from session_host.structured.edits import changes_by_file
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
