"""The text of a query is split into literal words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session_host.errors import UsageError
from session_host.storage.search import Query
from session_host.storage.search.query import folded, trigrams

ANYTHING = st.text(st.characters(), max_size=40)
SOMETHING = ANYTHING.filter(lambda text: bool(text.strip()))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Connection refused", ("connection", "refused")),
        ('"connection refused" now', ("connection refused", "now")),
        ("don't", ("don't",)),
        ('say "', ("say", '"')),
        ('""', ('""',)),
        ("--git a/b (x)", ("--git", "a/b", "(x)")),
        ("AND OR NOT NEAR(", ("and", "or", "not", "near(")),
        ("twice twice", ("twice",)),
        ("a\x1b[31mb", ("a", "[31mb")),
    ],
)
def test_words_are_taken_literally(typed: str, words: tuple[str, ...]) -> None:
    assert Query.of(typed).words == words


@pytest.mark.parametrize("typed", ["", "   ", "\t\n", "\x00\x1b"])
def test_an_empty_text_is_no_query(typed: str) -> None:
    with pytest.raises(UsageError):
        Query.of(typed)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("refused connection", "Connection to host refused"),
        ("GRÖSSE", "die größe"),
        ("größe", "DIE GRO\u0308ßE"),
        ("本語", "日本語テスト"),
        ("🙂", "so 🙂🚀"),
        ("straße", "STRASSE"),
        ("\u1112\u1161\u11ab", "한국어"),
        ("e\u0301", "café"),
    ],
)
def test_case_and_composition_make_no_difference(typed: str, line: str) -> None:
    assert Query.of(typed).matches(line)


def test_all_words_must_match() -> None:
    assert not Query.of("connection refused").matches("connection accepted")


@given(SOMETHING, SOMETHING)
@example("İstanbul ſ K ΐ", "")
@example('"', "")
def test_the_trigrams_of_a_query_are_in_each_matching_line(typed: str, around: str) -> None:
    try:
        query = Query.of(typed)
    except UsageError:
        return
    line = f"{around} {typed} {around}"
    assert query.matches(line)
    assert all(trigram in folded(line) for trigram in trigrams(query.words))
    assert all(len(trigram) == 3 for trigram in trigrams(query.words))


@given(ANYTHING, SOMETHING)
def test_marked_spans_are_in_the_line_and_in_order(line: str, typed: str) -> None:
    try:
        query = Query.of(typed)
    except UsageError:
        return
    place = 0
    for first, end in query.spans(line):
        assert place <= first < end <= len(line)
        place = end


@pytest.mark.parametrize(
    ("typed", "line", "marked"),
    [
        ("ab", "xABx", ["AB"]),
        ("ab bc", "abc", ["abc"]),
        ("ss", "die Straße", ["ß"]),
        ("é", "cafe\u0301!", ["e\u0301"]),
        ("aa", "aaaa b aa", ["aaaa", "aa"]),
        ("zz", "abc", []),
    ],
)
def test_matching_parts_are_marked(typed: str, line: str, marked: list[str]) -> None:
    assert [line[first:end] for first, end in Query.of(typed).spans(line)] == marked
