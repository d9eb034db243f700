"""Editing of the prompt."""

from __future__ import annotations

import pytest
import wcwidth
from hypothesis import given
from hypothesis import strategies as st

from session_host.cli.attach.chat.prompt_box import MAX_CHARACTERS, PromptBox
from session_host.protocol.values import Modifiers

_NONE, _CTRL, _ALT = Modifiers.NONE, Modifiers.CTRL, Modifiers.ALT


def typed(text: str, *keys: str | tuple[str, Modifiers]) -> PromptBox:
    box = PromptBox()
    box.insert(text)
    for key in keys:
        assert box.key(*(key if isinstance(key, tuple) else (key, _NONE)))
    return box


@pytest.mark.parametrize(
    ("text", "keys", "left"),
    [
        ("abc", ("Backspace",), "ab|"),
        ("abc", ("ArrowLeft", "Delete"), "ab|"),
        ("a 👨‍👩‍👧e\u0301", ("Backspace", "Backspace"), "a |"),
        ("one two  ", (("w", _CTRL),), "one |"),
        ("one two", (("ArrowLeft", _CTRL), ("k", _CTRL)), "one |"),
        ("one two", (("a", _CTRL), ("Delete", _ALT)), "| two"),
        ("one\ntwo", (("u", _CTRL),), "one\n|"),
        ("one\ntwo", ("ArrowUp", "End"), "one|\ntwo"),
        ("one\nto", ("ArrowUp", "Home", "ArrowDown"), "one\n|to"),
        ("long line\nx", ("ArrowUp", "ArrowRight", "ArrowRight", "ArrowDown"), "long line\nx|"),
    ],
)
def test_keys_edit(text: str, keys: tuple[str | tuple[str, Modifiers], ...], left: str) -> None:
    box = typed(text, *keys)
    assert f"{box.text[: box.cursor]}|{box.text[box.cursor :]}" == left


@pytest.mark.parametrize(
    ("text", "word"),
    [("", ""), ("/to", "/to"), ("see @no", "@no"), ("see\n@no", "@no"), ('see @"a b', '@"a b'), ("see ", "")],
)
def test_the_word_at_the_cursor_is_completed(text: str, word: str) -> None:
    box = typed(f"{text}|", "ArrowLeft")
    assert box.word == word
    box.complete("another", "x")
    assert box.text == f"{text}|"
    box.complete(word, "whole")
    assert box.text == f"{text.removesuffix(word)}whole|"


def test_previous_prompts_and_the_draft_are_recalled() -> None:
    box = typed("draft")
    box.set_history(["first", "second"])
    assert box.key("ArrowUp", _NONE)
    assert box.text == "second"
    assert box.key("ArrowUp", _NONE)
    assert box.text == "first"
    assert not box.key("ArrowUp", _NONE)
    assert box.key("ArrowDown", _NONE)
    assert box.key("ArrowDown", _NONE)
    assert box.text == "draft"
    assert not box.key("ArrowDown", _NONE)


def test_a_paste_keeps_its_lines_and_loses_its_controls() -> None:
    box = typed("a\r\nb\rc\td\x1b[2J\x00\u202e")
    assert box.text == "a\nb\nc    d[2J"
    assert not box.insert("x" * MAX_CHARACTERS)


def test_the_rows_wrap_at_the_edge_and_show_the_cursor() -> None:
    box = typed("abcdef\n漢字漢")
    rows = box.rows(8, 10)
    assert [line.text for line in rows.lines] == ["> abcdef", "  漢字漢", "  "]
    assert (rows.row, rows.column) == (2, 2)
    assert [line.text for line in box.rows(8, 2).lines] == ["  漢字漢", "  "]
    assert [line.text for line in box.rows(20, 2, "? ", hidden=True).lines] == ["? ••••••", "  •••"]


@given(st.text(alphabet="ab \n漢👨‍👩‍👧e\u0301", max_size=40), st.integers(0, 40), st.integers(5, 30), st.integers(1, 5))
def test_no_row_is_too_wide_and_the_cursor_is_in_one(text: str, lefts: int, columns: int, most: int) -> None:
    box = typed(text, *["ArrowLeft"] * lefts)
    rows = box.rows(columns, most)
    assert 1 <= len(rows.lines) <= most
    assert 0 <= rows.row < len(rows.lines)
    assert 0 <= rows.column < columns
    assert all(wcwidth.wcswidth(line.text) <= columns for line in rows.lines)
