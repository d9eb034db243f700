"""Lines of changes for the page: numbered as the files are, without their signs; other text to the letter."""

from __future__ import annotations

from session_host.structured.items import FileChange, Item
from session_host.structured.text import TextLine, patch_lines
from session_host.web.changed_lines import of_patch, of_text
from session_host.web.conversations import _step

PATCH = """\
@@ -8,3 +8,4 @@ def use(self):
 kept
-old
+new
+-more
@@ -11,2 +12,2 @@
 next to it
@@ -20 +21,0 @@
-last
"""


def test_lines_of_a_patch_have_the_numbers_of_their_file() -> None:
    assert of_patch(PATCH) == [
        ("@@ -8,3 +8,4 @@ def use(self):", "dim"),
        ("kept", "", 8),
        ("old", "removed", 9),
        ("new", "added", 9),
        ("-more", "added", 10),
        ("1 unchanged line", "dim"),
        ("next to it", "", 12),
        ("8 unchanged lines", "dim"),
        ("last", "removed", 20),
    ]


def test_a_hunk_without_numbers_has_none() -> None:
    assert of_patch("@@\n+one\n two") == [("@@", "dim"), ("one", "added"), ("two", "")]


def test_text_keeps_its_signs_unless_it_has_changes() -> None:
    plain = [TextLine("- a"), TextLine("@@ -1 +1", "dim")]
    assert list(of_text(plain)) == [("- a", ""), ("@@ -1 +1", "dim")]
    lines = [TextLine("Edited a.py", "dim"), *patch_lines("@@ -1 +0,0 @@\n-a\n", ["@@ -1 +0,0 @@", "-a"])]
    assert list(of_text(lines))[::2] == [("Edited a.py", "dim"), ("a", "removed", 1)]


def test_the_heads_of_files_are_no_changes_and_no_line_of_one_file_numbers_the_next() -> None:
    files = "--- a\n+++ b\n@@ -1 +1 @@\n-one\n+two\n--- c\n+++ d\n@@ -7 +7 @@\n three\n"
    assert of_patch(files) == [
        ("--- a", "dim"),
        ("+++ b", "dim"),
        ("@@ -1 +1 @@", "dim"),
        ("one", "removed", 1),
        ("two", "added", 1),
        ("--- c", "dim"),
        ("+++ d", "dim"),
        ("@@ -7 +7 @@", "dim"),
        ("three", "", 7),
    ]


def test_an_edit_among_the_steps_of_a_turn_has_signs_by_its_styles_alone() -> None:
    change = FileChange("a.py", "@@ -4 +4,2 @@\n kept\n+    more\n")
    step = _step(Item(id="1", kind="tool", at_ms=1, tool="edit", status="done", title="Edit a.py", changes=(change,)))
    assert step.lines[1:] == [("@@ -4 +4,2 @@", "dim"), ("kept", "", 4), ("    more", "added", 5)]
