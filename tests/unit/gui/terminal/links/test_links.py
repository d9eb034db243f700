"""Links in a program's output: which of them may be opened, and how their target is shown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent, Qt, QTextDocument
from PySide6.QtWidgets import QApplication, QLabel, QToolTip

from gui.bridge.named_files import FilesHere
from gui.terminal.by_keyboard.hints import listed_targets
from gui.terminal.links.link_pointer import FileLookup, link_in_text
from gui.terminal.links.links import (
    ALLOWED_SCHEMES,
    heading,
    heading_above,
    link_in,
    listed_location,
    may_open,
    shown,
)
from gui.theme.tooltips import as_tooltip
from session_host.client.sessions.foreground import local_directory
from session_host.protocol.values import FileLocation, GridSize
from session_host.terminal import create
from session_host.terminal.lines import joined_lines
from tests.support.waiting import wait_until

SPOOF = "https://evil.example/<br><br>https://bank.example/<img src='file:///etc/passwd'>&amp;<!-- "


@pytest.mark.parametrize(
    "uri",
    ["https://example.org/", "HTTP://example.org", "mailto:someone@example.org", "file:///home/me/a%20b.txt"],
)
def test_allowed_links_may_be_opened(uri: str) -> None:
    assert may_open(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "ssh://host",
        "smb://host/share",
        "ftp://host",
        "x-terminal:rm",
        "about:blank",
        "chrome://settings",
        "steam://run/1",
        "tel:+1",
        "",
        "no-scheme",
        "//host/path",
        " https://example.org",
        "java\tscript:alert(1)",
        "https://exa\nmple.org",
        "https://a\x1b]0;b\x07",
        "https://a\u202etxt",
        "https://[",
        "file\x00:///x",
        "-https://x",
        "\u2068https://x\u2069",
        "http\u200bs://x",
    ],
)
def test_other_links_may_not_be_opened(uri: str) -> None:
    assert not may_open(uri)


@given(st.text(max_size=40))
def test_any_text_is_checked_and_only_allowed_schemes_pass(uri: str) -> None:
    if may_open(uri):
        assert uri.lower().partition(":")[0] in ALLOWED_SCHEMES


@given(st.text(max_size=400))
def test_a_target_is_shown_whole_or_visibly_cut_and_without_hidden_characters(uri: str) -> None:
    text = shown(uri)
    assert text.isprintable()
    assert len(text) <= 301
    if uri.isprintable() and len(uri) <= 300:
        assert text == uri


@pytest.mark.parametrize("text", [SPOOF, "<b>bold</b>", "a  b\nc", "&lt;", "<qt>", "plain", "<p", "x<!DOCTYPE html>"])
def test_a_tool_tip_shows_a_text_literally(qapp: object, text: str) -> None:
    tip = as_tooltip(text)
    assert Qt.mightBeRichText(tip), "Qt recognises it as rich text"
    document = QTextDocument()
    document.setHtml(tip)
    assert document.toPlainText().replace("\u2028", "\n") == text
    assert not [part for part in ("<img", "<br", "<a ") if part in tip]


@pytest.mark.parametrize(("length", "lines"), [(40, 1), (100, 1), (101, 2)])
def test_only_a_long_line_of_a_tool_tip_is_wrapped(qapp: object, length: int, lines: int) -> None:
    tip = QLabel(as_tooltip("a b " * (length // 4) + "a" * (length % 4)))
    tip.setWordWrap(True)  # as Qt's tool tips do for HTML
    assert (tip.sizeHint().height() < 2 * tip.fontMetrics().lineSpacing()) == (lines == 1)
    tip.deleteLater()


def test_a_long_address_without_blanks_does_not_make_a_tool_tip_wider_than_the_screen(qapp: object) -> None:
    text = "https://example.org/" + "a" * 600 + "&end"
    tip = QLabel(as_tooltip(text))
    tip.setWordWrap(True)  # as Qt's tool tips do for HTML
    assert tip.sizeHint().width() < tip.fontMetrics().horizontalAdvance("a" * 120)
    tip.deleteLater()
    document = QTextDocument()
    document.setHtml(as_tooltip(text))
    assert document.toPlainText().replace("\u200b", "") == text


def test_in_a_tool_tip_the_text_behind_a_name_stays_on_its_right_in_any_script(qapp: object) -> None:
    document = QTextDocument()
    document.setHtml(as_tooltip("בדיקה: running\n~/src"))
    first = document.firstBlock()
    assert first.textDirection() == Qt.LayoutDirection.LeftToRight
    assert first.text() == "בדיקה: running"


def test_an_empty_text_gives_no_tool_tip() -> None:
    assert as_tooltip("") == ""


@pytest.mark.parametrize("text", [SPOOF, "<h1>Your chat has ended</h1>"])
def test_html_in_a_title_is_shown_literally(qapp: object, text: str) -> None:
    from gui.window.widgets.parts import ElidedLabel, label

    for widget in (label(text), ElidedLabel(text)):
        assert isinstance(widget, QLabel)
        assert widget.textFormat() == Qt.TextFormat.PlainText
        widget.deleteLater()
    elided = ElidedLabel(text)
    elided.resize(30, 20)
    elided.grab()
    place = elided.rect().center()
    QApplication.sendEvent(elided, QHelpEvent(QEvent.Type.ToolTip, place, elided.mapToGlobal(place)))
    assert QToolTip.text() == as_tooltip(text)
    QToolTip.hideText()
    elided.deleteLater()


@pytest.mark.parametrize(
    ("line", "link"),
    [
        ("see https://example.org/a?b=c#d.", "https://example.org/a?b=c#d"),
        ("(https://example.org/a_(b))", "https://example.org/a_(b)"),
        ("[text](https://example.org/x) more", "https://example.org/x"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("<https://example.org/>", "https://example.org/"),
        ("'https://example.org/it','next'", "https://example.org/it"),
        ('"https://example.org",', "https://example.org"),
        ("**https://example.org/bold**", "https://example.org/bold"),
        ("│ https://example.org/framed│", "https://example.org/framed"),
        ("看https://example.org/日本。次", "https://example.org/日本"),
        ("http://[::1]:8080/x!", "http://[::1]:8080/x"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("HTTPS://EXAMPLE.ORG/;", "HTTPS://EXAMPLE.ORG/"),
        ("mail mailto:me@example.org, please", "mailto:me@example.org"),
        ("<mailto:me@example.org?subject=A%20word&body=b%26c>.", "mailto:me@example.org?subject=A%20word&body=b%26c"),
    ],
)
def test_an_address_ends_before_the_punctuation_of_its_sentence(line: str, link: str) -> None:
    found = link_in(line, line.lower().index("//") if "//" in line else line.index("mailto"))
    assert found is not None
    assert (found.uri, line[found.first : found.end]) == (link, link)


@pytest.mark.parametrize("text", ["http://", "xhttps://e", "javascript:alert(1)", "ftp://host/x", "mailto:", "a b"])
def test_other_texts_are_no_addresses(text: str) -> None:
    assert not [found for place in range(len(text)) if (found := link_in(text, place)) and found.uri]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("src/app.py:12:5: error", FileLocation("src/app.py", 12, 5)),
        ("src/app.py:12:def f():", FileLocation("src/app.py", 12)),
        ("at src/app.ts(7,3): error TS1", FileLocation("src/app.ts", 7, 3)),
        ('  File "/usr/lib/src/a b.py", line 3, in f', FileLocation("/usr/lib/src/a b.py", 3)),
        ("look at ./src/x.c.", FileLocation("./src/x.c")),
        ("--> src/main.rs:4:9", FileLocation("src/main.rs", 4, 9)),
        ("+++ b/src/new.py", FileLocation("b/src/new.py")),
        ("(~/src/x.c)", FileLocation("~/src/x.c")),
        ("Xsrcfile:3", FileLocation("Xsrcfile", 3)),
        ("`srcs.md`", FileLocation("srcs.md")),
        ("src/app.c:12:5: error: expected ';'", FileLocation("src/app.c", 12, 5)),  # GCC, Clang
        ("src/app.c(12): warning C4100", FileLocation("src/app.c", 12)),  # MSVC
        ("In file included from src/app.h:3,", FileLocation("src/app.h", 3)),
        ("tests/src_test.py:9: AssertionError", FileLocation("tests/src_test.py", 9)),  # pytest
        ("FAILED tests/src_test.py::test_it - assert 0", FileLocation("tests/src_test.py")),
        ('  File "src/a.py", line 3', FileLocation("src/a.py", 3)),  # SyntaxError
        ('File "src/a.ml", line 3, characters 4-10:', FileLocation("src/a.ml", 3, 4)),  # OCaml
        ("thread 'main' panicked at src/main.rs:3:5:", FileLocation("src/main.rs", 3, 5)),
        ("    at run (/src/a.js:12:5)", FileLocation("/src/a.js", 12, 5)),  # Node
        ("[ERROR] /src/A.java:[12,5] ';' expected", FileLocation("/src/A.java", 12, 5)),  # Maven
        ("src.sh: line 12: x: command not found", FileLocation("src.sh", 12)),  # bash
        ("Warning in /src/a.php on line 12", FileLocation("/src/a.php", 12)),
        ("died at src.pl line 12.", FileLocation("src.pl", 12)),
        ("on src/main.tf line 12, in resource", FileLocation("src/main.tf", 12)),
        ("see src/app.py#L12-L20.", FileLocation("src/app.py", 12)),
        ("see src/app.py:12-20", FileLocation("src/app.py", 12)),
    ],
)
def test_file_names_are_found_with_their_line_numbers(line: str, place: FileLocation) -> None:
    found = link_in(line, line.index("src"))
    assert found is not None
    assert found.file == place


@pytest.mark.parametrize(
    ("report", "places"),
    [
        ("src/a.js\n  3:10  error  'x' is not defined  no-undef\n  12:1  warning  …", [(3, 10), (12, 1)]),
        ("src/a.js\n3:one\n--\n12-two\n13:5:three", [(3, 0), (12, 0), (13, 5)]),
    ],
)
@pytest.mark.parametrize("columns", [16, 60])
def test_a_line_number_below_a_file_name_is_a_location_in_that_file(
    report: str, places: list[tuple[int, int]], columns: int
) -> None:
    emulator = create(None, GridSize(columns, 12))
    emulator.feed(report.replace("\n", "\r\n").encode())
    rows = emulator.rows()
    lines = joined_lines(rows, 0, columns)
    found = listed_targets(lines, lambda row: heading_above(emulator, row))
    assert [target.file for target in found] == [FileLocation("src/a.js", *place) for place in places]
    row, first, _last = found[-1].cells[0]
    link = link_in_text(emulator, 0, (first, row), lambda name: f"/home/{name}")
    assert link is not None
    assert link.file == FileLocation("/home/src/a.js", *places[-1])
    emulator.close()


@pytest.mark.parametrize("text", ["12:30 lunch", "3:10", "a\n\n3:one", " a\n3:one"])
def test_numbers_without_a_file_name_above_are_no_locations(text: str) -> None:
    above, _, line = text.rpartition("\n")
    assert listed_location(line) is None or heading(reversed(above.split("\n"))) == ""


@given(st.text(alphabet="ab:/.()[]' h\"tps0127~├", max_size=200), st.integers(0, 220))
def test_a_link_found_in_any_line_covers_the_given_position(line: str, place: int) -> None:
    found = link_in(line, place)
    if found is not None:
        assert found.first <= place < found.end <= len(line)
        assert may_open(found.uri) == (found.file is None)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///tmp/a%20b%25", "/tmp/a b%"),
        ("file://localhost/tmp", "/tmp"),
        (f"file://{socket.gethostname()}/tmp", "/tmp"),
        ("file://elsewhere.example/tmp", ""),
        ("https://localhost/tmp", ""),
        ("/tmp", ""),
        ("", ""),
    ],
)
def test_a_reported_directory_must_be_on_this_computer(address: str, path: str) -> None:
    assert local_directory(address) == path


def test_a_name_is_looked_up_in_the_programs_directory_first(qapp: object, tmp_path: Path) -> None:
    for directory in ("a", "b"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "x.py").touch()
    lookup = FileLookup(FilesHere(lambda: [str(tmp_path / "a")]))
    assert wait_until(lambda: lookup.path_of("x.py"), 10, "the answer") == str(tmp_path / "a" / "x.py")
    other = FileLookup(FilesHere(lambda: [str(tmp_path / "a")], lambda: f"{tmp_path}/b"))
    assert wait_until(lambda: other.path_of("x.py"), 10, "the answer") == str(tmp_path / "b" / "x.py")
