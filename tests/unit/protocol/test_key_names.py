"""Key names as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import Modifiers, parse_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Enter", ("Enter", "", Modifiers.NONE)),
        ("enter", ("Enter", "", Modifiers.NONE)),
        ("Ctrl+c", ("c", "", Modifiers.CTRL)),
        ("ctrl+shift+Tab", ("Tab", "", Modifiers.CTRL | Modifiers.SHIFT)),
        ("Up", ("ArrowUp", "", Modifiers.NONE)),
        ("a", ("a", "a", Modifiers.NONE)),
        ("A", ("a", "A", Modifiers.SHIFT)),
        ("Shift+a", ("a", "A", Modifiers.SHIFT)),
        ("Alt+x", ("x", "", Modifiers.ALT)),
        ("+", ("+", "+", Modifiers.NONE)),
        ("Ctrl++", ("+", "", Modifiers.CTRL)),
        ("Space", ("Space", " ", Modifiers.NONE)),
        ("F12", ("F12", "", Modifiers.NONE)),
        ("é", ("é", "é", Modifiers.NONE)),
    ],
)
def test_a_name_is_read(text: str, expected: tuple[str, str, Modifiers]) -> None:
    assert parse_key(text) == expected


@pytest.mark.parametrize("text", ["", "Enterr", "Hyper+x", "Ctrl+", "F99", "\x1b", "ab"])
def test_an_invalid_name_is_reported(text: str) -> None:
    with pytest.raises(ValueError, match="invalid key"):
        parse_key(text)


@pytest.mark.parametrize("text", ["C-c", "^C", "c-c", "M-x"])
def test_another_programs_name_of_a_key_is_answered_with_our_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as Enter, Up, F5, Ctrl\+c$"):
        parse_key(text)


@given(st.text(max_size=12))
def test_any_text_is_a_key_or_a_value_error(text: str) -> None:
    try:
        key, _, _ = parse_key(text)
    except ValueError:
        return
    assert key
