"""Diffs as heads and lines: on the screen, for screen readers, and as copied text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QTextFormat
from PySide6.QtWidgets import QApplication

from gui.chat.content import patches
from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import Diff, DiffHead, FoldLine, QuietLine, Segment, as_markdown, as_plain, cut
from gui.chat.drawing.code import lay_out_diff
from gui.chat.drawing.style import Style, Widths
from gui.chat.page.accessible_rows import spoken_row
from gui.chat.page.rows import Rows
from gui.theme.theme import Theme
from session_host.protocol.values import FileLocation
from session_host.structured.dialects.patches import fragment_patch, unified_patch, whole_diff
from session_host.structured.items import AgentRequest, FileChange, Item
from session_host.structured.patches import hunk_title, read_diff
from tests.support.scripted_chat import ScriptedChat
from tests.support.themes import OWN

PATCH = """@@ -1,3 +1,4 @@ def f():
 same
-old
+new
+more
 end
@@ -10,2 +11,1 @@ def g():
 a
-b
"""


def shown(change: FileChange, directory: str = "", *, whole: bool = False) -> tuple[DiffHead, list[Diff]]:
    head, *rest = patches.of_change(change, "i1", directory, whole=whole)
    assert isinstance(head, DiffHead)
    return head, [each for each in rest if isinstance(each, Diff)]


def test_a_diff_has_line_numbers_counts_and_markers_of_omitted_lines() -> None:
    head, [diff] = shown(FileChange("a/b.py", PATCH))
    assert (head.text, head.added, head.removed, head.note) == ("a/b.py", 2, 2, "")
    assert [(line.kind, line.old, line.new) for line in diff.lines] == [
        ("@", 0, 0),
        (" ", 1, 1),
        ("-", 2, 0),
        ("+", 0, 2),
        ("+", 0, 3),
        (" ", 3, 4),
        ("@", 6, 6),
        (" ", 10, 11),
        ("-", 11, 0),
    ]
    assert hunk_title(diff.lines[0].text) == "def f():"
    assert patches.pairs(diff.lines)[:5] == [(0, 0), (1, 1), (2, 3), (None, 4), (5, 5)]


def test_a_change_without_a_position_has_no_line_numbers() -> None:
    patch = fragment_patch("one\ntwo\n", "one\n2\n") + fragment_patch("", "three\n")
    _, [diff] = shown(FileChange("a.py", patch))
    assert {(line.old, line.new) for line in diff.lines} == {(0, 0)}
    assert diff.digits == 0


@pytest.mark.parametrize(
    ("change", "path", "note"),
    [
        (FileChange("/src/a.py", unified_patch("", "x\n"), "add"), "a.py", "new file"),
        (FileChange("/src/a.py", unified_patch("x\n", ""), "delete"), "a.py", "deleted"),
        (FileChange("/src/x/a.py", "", "update", "/src/x/b.py"), "x/b.py", "renamed from a.py"),
        (FileChange("/src/x/a.py", "", "update", "/src/y/a.py"), "y/a.py", "moved from x/a.py"),
        (FileChange("/etc/a\u202e", "", "update"), "/etc/a\\u202e", "changed"),
    ],
)
def test_the_kind_of_change_is_shown_in_words(change: FileChange, path: str, note: str) -> None:
    head, _ = shown(change, "/src")
    assert (head.text, head.note) == (path, note)


def test_a_diff_opens_the_file_that_is_on_the_disk_at_its_first_changed_line() -> None:
    def files(change: FileChange) -> list[FileLocation | None]:
        heads = [each for each in patches.of_diff(diff_of(change), "i1", "/src") if isinstance(each, DiffHead)]
        return [shown(change, "/src")[0].file, *(head.file for head in heads)]

    assert files(FileChange("/src/a.py", PATCH)) == [FileLocation("/src/a.py", 2)] * 2
    only_removed = "@@ -5,3 +4,1 @@\n a\n-b\n-c\n d\n"
    assert files(FileChange("a.py", only_removed)) == [FileLocation("a.py", 5), FileLocation("a.py", 6)]
    assert files(FileChange("a.py", unified_patch("", "x\n"), "add")) == [FileLocation("a.py", 1), None]
    assert files(FileChange("a.py", unified_patch("x\n", ""), "delete")) == [None, FileLocation("a.py", 1)]
    assert next(head.file for head in patches.of_diff(GIT, "i1", "") if isinstance(head, DiffHead)) is None, "no text"


def diff_of(change: FileChange) -> str:
    """The diff by which an agent announces a change."""
    old, new = ("/dev/null" if change.kind == kind else change.path for kind in ("add", "delete"))
    return f"--- {old}\n+++ {new}\n{change.patch}"


GIT = """diff --git a/logo.png b/logo.png
index 1..2 100644
Binary files a/logo.png and b/logo.png differ
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
--- a/run.sh
+++ b/run.sh
@@ -1 +1 @@
--- a
+++ b
diff --git a/empty b/empty
new file mode 100755
index 0..0
"""


def test_gits_headers_are_shown_in_words() -> None:
    heads = [each for each in patches.of_diff(GIT, "i1", "") if isinstance(each, DiffHead)]
    assert [(head.text, head.note, head.added, head.removed) for head in heads] == [
        ("logo.png", "binary file", 0, 0),
        ("run.sh", "executable", 1, 1),
        ("empty", "new file · executable", 0, 0),
    ]


def test_a_removed_line_of_dashes_is_no_header() -> None:
    [file] = read_diff("--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- gone\n+++ come\n")
    assert [(line.kind, line.text) for line in file.lines[1:]] == [("-", "-- gone"), ("+", "++ come")]
    [unnumbered] = read_diff("--- a/x\n+++ b/x\n@@\n--- gone\n+++ come\n")
    assert unnumbered.lines[1:] == [line._replace(old=0, new=0) for line in file.lines[1:]]


def test_line_ends_are_shown_where_they_differ() -> None:
    _, [same] = shown(FileChange("a", "@@ -1 +1 @@\n-a\r\n+b\r\n"))
    assert [line.text for line in same.lines[1:]] == ["a", "b"]
    _, [other] = shown(FileChange("a", "@@ -1 +1 @@\n-a\n+a\r\n"))
    assert [line.text for line in other.lines[1:]] == ["a", "a\\u000d"]


def test_a_long_line_is_cut_around_its_change() -> None:
    """Both sides showed the same beginning."""
    before, after = "a" * 10_000, "b" * 10_000
    patch = f"@@ -1,2 +1,2 @@\n-{before}old{after}\n+{before}newer{after}\n {before}\n"
    _, [diff] = shown(FileChange("a", patch))
    _, old, new, same = diff.lines
    assert "aold" in old.text
    assert "anewer" in new.text
    assert old.text.startswith("(9,800 more characters) …aaa")
    assert all(each.text.endswith("bbb… (8,205 more characters)") for each in (old, new))
    assert same.text == "a" * 2000 + "… (8,000 more characters)"


def test_a_long_change_is_cut_until_the_user_shows_all_but_never_in_a_request() -> None:
    patch = unified_patch("", "".join(f"line {number}\n" for number in range(900)))
    item = Item("i1", "tool", 1000, tool="edit", changes=(FileChange("a.py", patch),))
    [folded] = segments(item, Mode(), MarkdownText(), ItemRequests())
    assert isinstance(folded, FoldLine)
    assert (folded.added, folded.removed) == (900, 0)
    parts = segments(item, Mode(unfolded=True), MarkdownText(), ItemRequests())
    hidden = parts[-1]
    assert isinstance(hidden, QuietLine)
    assert (hidden.text[:3], hidden.buttons[0].action.kind) == ("701", "show_all")
    whole = segments(item, Mode(unfolded=True, whole=True), MarkdownText(), ItemRequests())
    request = AgentRequest("r1", "edit", 1, "Edit", f"--- a.py\n+++ a.py\n{patch}")
    in_request = segments(item, Mode(), MarkdownText(), ItemRequests(open=(request,)))
    for every in (whole, in_request):
        assert sum(len(each.lines) for each in every if isinstance(each, Diff)) == 901


_LINES = st.lists(st.sampled_from(["x", "", "- x", "-- a", "++ b", " c", "@@ -1 +1 @@", "\\ d", "diff --git a/x b/x"]))


@given(st.lists(st.tuples(_LINES, _LINES), min_size=1, max_size=3))
def test_each_line_of_a_diff_in_a_request_is_shown_under_its_file(files: list[tuple[list[str], list[str]]]) -> None:
    texts = [("".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)) for old, new in files]
    changes = [
        FileChange(f"{number}.py", unified_patch(*each)) for number, each in enumerate(texts) if each[0] != each[1]
    ]
    read = read_diff(whole_diff(tuple(changes)))
    assert [file.old for file in read] == [change.path for change in changes]
    for file, change in zip(read, changes, strict=True):
        lines = [(line.kind if line.kind in "+- " else "") + line.text for line in file.lines]
        assert "\n".join(lines) == change.patch.removesuffix("\n")
        assert not file.other


@given(st.text(alphabet="-+@ \\\na/b1,\r", max_size=60))
def test_no_line_of_any_text_is_lost(text: str) -> None:
    files = read_diff(text)
    lines = [line.text for file in files for line in file.lines] + [line for file in files for line in file.other]
    heads = sum(bool(file.old or file.new) for file in files)
    assert len(lines) + 2 * heads >= len([line for line in text.split("\n") if line])


def test_a_screen_reader_reads_heads_and_signs_but_no_hunk_numbers(qapp: QApplication) -> None:
    chat = ScriptedChat()
    chat.put("tool", tool="edit", title="Edit a.py", changes=(FileChange("/src/a.py", PATCH),), status="done")
    chat.ask(AgentRequest("r1", "edit", 1, "Edit", f"--- /src/a.py\n+++ /src/a.py\n{PATCH}"))
    rows = Rows(chat.transcript, Style(Theme(qapp, OWN, "dark"), 13), Widths(400, 400), "/src")
    head, expected = (
        "a.py · 2 lines added, 2 lines removed",
        [
            "def f():",
            "same",
            "- old",
            "+ new",
            "+ more",
            "end",
            "6 unchanged lines · def g():",
            "a",
            "- b",
        ],
    )
    assert spoken_row(rows, rows.row(0)).splitlines() == [f"Tool call: Edited {head}", *expected]
    assert spoken_row(rows, rows.row(1)).splitlines() == [f"Edit {head}", *expected], "the same in a request"


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("one = 1  # red", "one = 2  # red", ["2"]),
        ("größe = 1  # größer", "größe = 2  # größer", ["2"]),
        ("🙂 = alpha, beta", "🙂 = alpha, gamma", ["gamma"]),
        ("print('你好世界朋友们')", "print('你好中国朋友们')", ["中国"]),
        ("it is 👩\u200d💻 who asks", "it is 👩\u200d🔬 who asks", ["👩\u200d🔬"]),
        ("it is e\u0301 there", "it is e\u0300 there", ["e\u0300"]),
        ("a" * 900 + "old" + "b" * 900, "a" * 900 + "newer" + "b" * 900, ["newer"]),
        ("a" * 900 + "old" + "b" * 900, "a" * 900 + "b" * 900, []),
        ("a" * 900, "b" * 900, []),
    ],
)
def test_changed_words_are_marked_next_to_any_letters(
    qapp: QApplication, old: str, new: str, marked: list[str]
) -> None:
    _, [diff] = shown(FileChange("a", unified_patch(f"{old}\n", f"{new}\n")))
    laid = lay_out_diff(diff, 400.0, Style(Theme(qapp, OWN, "dark"), 13), columns=False)
    box = next(box for box in laid.boxes if box.layout.text() == new)
    units = new.encode("utf-16-le")
    ranges = [each for each in box.layout.formats() if each.format.hasProperty(QTextFormat.Property.BackgroundBrush)]
    assert [units[2 * each.start : 2 * (each.start + each.length)].decode("utf-16-le") for each in ranges] == marked


def _selected(parts: list[Segment]) -> list[Segment]:
    return [cut(each, 0, len(each.text)) for each in parts]


def test_a_copied_diff_is_a_patch_that_git_applies(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    before = {"src/a.py": "one\ntwo\nthree\n", "gone.py": "bye\n", "old.py": "1\n2\n", "end.py": "no end"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    directory = str(tmp_path)
    changes = (
        FileChange(f"{directory}/src/a.py", unified_patch(before["src/a.py"], "one\n2\nthree\n")),
        FileChange(f"{directory}/gone.py", unified_patch("bye\n", ""), "delete"),
        FileChange(f"{directory}/src/new.py", unified_patch("", "hello\n"), "add"),
        FileChange(f"{directory}/old.py", "@@ -1,2 +1,2 @@\n 1\n-2\n+two\n", "update", f"{directory}/renamed.py"),
        FileChange(f"{directory}/end.py", unified_patch("no end", "an end\n")),
    )
    found = [each for change in changes for each in patches.of_change(change, "i1", directory, whole=True)]
    buttons = "".join(each.patch for each in found if isinstance(each, DiffHead))
    for patch in (as_plain(_selected(found)) + "\n", buttons):
        subprocess.run(["git", "apply", "--check"], cwd=tmp_path, input=patch, text=True, check=True, timeout=60)
    fenced = as_markdown(found)
    assert fenced.startswith("```diff\n--- a/src/a.py\n+++ b/src/a.py\n@@")
    [line] = [each for each in found if isinstance(each, Diff) and "hello" in each.text]
    assert as_plain([cut(line, line.text.index("hello"), len(line.text))]) == "hello"
