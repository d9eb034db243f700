"""A few letters typed into the switcher find the intended chat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.finding.ranking import Fit, fit

NAMES = ["api-fix", "docs", "fix-api-timeouts", "payments", "Frontend API", "notes about fixes", "shell"]


def best(typed: str, names: list[str] = NAMES) -> str:
    match = [(each.score, -number, name) for number, name in enumerate(names) if (each := fit(typed, name))]
    return max(match)[2] if match else ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("api", "api-fix"),
        ("fa", "fix-api-timeouts"),
        ("fat", "fix-api-timeouts"),
        ("fapi", "fix-api-timeouts"),
        ("fix notes", "notes about fixes"),
        ("F", "Frontend API"),
        ("pmts", "payments"),
        ("sh", "shell"),
        ("xyz", ""),
    ],
)
def test_letters_in_order_find_the_chat(typed: str, meant: str):
    assert best(typed) == meant


def test_beginnings_of_words_rank_above_letters_inside_words():
    assert best("cr", ["descriptor", "code review"]) == "code review"
    assert best("main", ["do-m-a-i-n", "domain", "my main"]) == "my main"


@given(st.text("abAB -ß", max_size=5), st.text("abAB -ßİ", max_size=20))
def test_the_matched_letters_are_the_typed_ones(typed: str, text: str):
    match = fit(typed, text)
    if match is not None:
        assert {text[place].casefold() for place in match.positions} <= {letter.casefold() for letter in typed}
        assert all(0 <= place < len(text) for place in match.positions)
    if typed == "":
        assert match == Fit(0, ())


@pytest.mark.parametrize(
    ("typed", "text", "is_scattered"),
    [
        ("pane", "Zoom pane", False),
        ("oom", "Zoom pane", False),
        ("zp", "Zoom pane", False),
        ("zopa", "Zoom pane", False),
        ("pane zoom", "Zoom pane", False),
        ("al", "Aple total", False),
        ("pane", "Open a new chat", True),
        ("zoom pe", "Zoom pane", True),
    ],
)
def test_a_match_is_scattered_unless_it_is_contiguous_or_made_of_word_beginnings(
    typed: str, text: str, is_scattered: bool
):
    match = fit(typed, text)
    assert match is not None
    assert match.is_scattered is is_scattered
