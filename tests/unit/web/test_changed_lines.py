"""Lines of changes for the page: numbered as the files are, without their signs; other text to the letter."""

from __future__ import annotations

from session_host.web.changed_lines import of_patch, of_text

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


def test_without_a_hunks_head_there_are_no_numbers() -> None:
    assert of_patch("+one\n two") == [("one", "added"), ("two", "")]


def test_text_keeps_its_signs_unless_it_has_changes() -> None:
    assert of_text([("- a", ""), ("@@ -1 +1", "dim")]) == [("- a", ""), ("@@ -1 +1", "dim")]
    assert of_text([("Edited a.py", "dim"), ("-a", "removed")]) == [("Edited a.py", "dim"), ("a", "removed")]
