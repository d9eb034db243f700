"""Links of a program's output: which may be opened, and that their target is shown as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import Qt, QTextDocument
from PySide6.QtWidgets import QLabel

from gui.terminal.links import ALLOWED_SCHEMES, may_open, shown
from gui.theme.tooltips import as_tooltip

SPOOF = "https://evil.example/<br><br>https://bank.example/<img src='file:///etc/passwd'>&amp;<!-- "


@pytest.mark.parametrize(
    "uri",
    ["https://example.org/", "HTTP://example.org", "mailto:someone@example.org", "file:///home/me/a%20b.txt"],
)
def test_what_may_be_opened(uri: str) -> None:
    assert may_open(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "ssh://host", "smb://host/share", "ftp://host",
        "x-terminal:rm", "about:blank", "chrome://settings", "steam://run/1", "tel:+1", "", "no-scheme", "//host/path",
        " https://example.org", "java\tscript:alert(1)", "https://exa\nmple.org", "https://a\x1b]0;b\x07", "https://a\u202etxt",
        "https://[",
        "file\x00:///x", "-https://x", "\u2068https://x\u2069", "http\u200bs://x",
    ],
)  # fmt: skip
def test_what_may_not_be_opened(uri: str) -> None:
    assert not may_open(uri)


@given(st.text(max_size=40))
def test_any_text_is_judged_and_only_allowed_schemes_pass(uri: str) -> None:
    if may_open(uri):
        assert uri.lower().partition(":")[0] in ALLOWED_SCHEMES


@given(st.text(max_size=400))
def test_a_target_is_shown_whole_or_visibly_cut_and_without_anything_that_hides(uri: str) -> None:
    text = shown(uri)
    assert text.isprintable()
    assert len(text) <= 301
    if uri.isprintable() and len(uri) <= 300:
        assert text == uri


@pytest.mark.parametrize("text", [SPOOF, "<b>bold</b>", "a  b\nc", "&lt;", "<qt>", "plain", "<p", "x<!DOCTYPE html>"])
def test_a_tool_tip_shows_a_text_to_the_letter(qapp: object, text: str) -> None:
    tip = as_tooltip(text)
    assert Qt.mightBeRichText(tip), "Qt takes it for what it is"
    document = QTextDocument()
    document.setHtml(tip)
    assert document.toPlainText().replace("\u2028", "\n") == text
    assert not [part for part in ("<img", "<br", "<a ") if part in tip]


def test_no_text_is_no_tool_tip() -> None:
    assert as_tooltip("") == ""


@pytest.mark.parametrize("text", [SPOOF, "<h1>Your chat has ended</h1>"])
def test_a_title_that_is_html_is_no_html_in_the_window(qapp: object, text: str) -> None:
    from gui.window.parts import ElidedLabel, label

    for made in (label(text), ElidedLabel(text)):
        assert isinstance(made, QLabel)
        assert made.textFormat() == Qt.TextFormat.PlainText
        made.deleteLater()
    elided = ElidedLabel(text)
    elided.resize(30, 20)
    elided.grab()
    assert elided.toolTip() == as_tooltip(text)
    elided.deleteLater()
