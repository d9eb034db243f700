"""Queries of the find bar."""

from __future__ import annotations

import unicodedata

import pytest

from gui.finding.query import FindQuery, Pattern


@pytest.mark.parametrize("letter", ["é", "ệ", "ñ", "한", "が", "Å", "x̄"])
def test_a_letter_with_marks_finds_both_forms(letter: str) -> None:
    forms = [unicodedata.normalize(form, letter) for form in ("NFC", "NFD")]
    text = f"a {forms[0]}b {forms[1]}b"
    for typed in forms:
        for query in (
            FindQuery(f"{typed}b"),
            FindQuery(f"{typed}b", is_word=True, is_exact=True),
            FindQuery(f"(?:{typed})+[éb]", is_expression=True),
        ):
            spans = Pattern(query).spans(text)
            assert [text[first:end] for first, end in spans] == [f"{form}b" for form in forms]


def test_a_special_character_beside_a_letter_with_marks_is_only_itself() -> None:
    assert Pattern(FindQuery("é.*")).spans("ébc é.*") == [(4, 7)]
