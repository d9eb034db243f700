"""Paragraphs that agents wrap at the width of their terminal are searched as one."""

from __future__ import annotations

import itertools
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import GridSize
from session_host.storage.search import Query, Search
from session_host.storage.search.index import MAX_PAGE_LINES
from session_host.storage.search.lines import NO_WRAPPING, IndexedLine, cells, continues, texts_of, wrapped_matches
from tests.unit.storage.search.conftest import Record, texts

SIZE = GridSize(60, 30)
SENTENCE = (
    "the migration of the customer invoices table must be rolled out slowly because the replication lag grows beyond "
    "forty seconds whenever the nightly backup runs."
)
SYMBOL = "compute_customer_invoice_replication_lag_threshold_seconds_v2x"
CLAUDE = f"""\
● Sure.

  - First: the migration of the customer invoices table must
    be rolled out slowly because the replication lag grows
    beyond forty seconds whenever the nightly backup runs.
  - The symbol is {SYMBOL[:42]}
    {SYMBOL[42:]} in it.
────────────────────────────────────────────────────────────
❯ """
CODEX = f"""\
  • First: the migration of the customer invoices table must
    be rolled out slowly because the replication lag grows
    beyond forty seconds whenever the nightly backup runs.
  • The symbol is
    {SYMBOL[:56]}
    {SYMBOL[56:]} in it."""
OPENCODE = f"""\
     - First: the migration of the customer invoices
       table must be rolled out slowly because the
       replication lag grows beyond forty seconds
       whenever the nightly backup runs.
     - The symbol is
       {SYMBOL[:51]}
       {SYMBOL[51:]} in it."""
GEMINI = f"""\
   - First: the migration of the customer invoices table
     must be rolled out slowly because the replication lag
     grows beyond forty seconds whenever the nightly backup
     runs.
   - The symbol is
     {SYMBOL[:55]}
     {SYMBOL[55:]} in it."""
SCREENS = (CLAUDE, CODEX, OPENCODE, GEMINI)
"""What the agents show of the same answer in 60 columns."""


def rows(text: str, columns: int = 60) -> list[IndexedLine]:
    """The lines of a text, as they are indexed."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [IndexedLine(number, 0, 0, line, -cells(line) % columns) for number, line in enumerate(lines, 1)]


@pytest.mark.parametrize("screen", SCREENS, ids=["claude", "codex", "opencode", "gemini"])
@pytest.mark.parametrize("mode", [b"", b"\x1b[?1049h"], ids=["main screen", "alternate screen"])
def test_a_sentence_and_a_symbol_that_an_agent_wrapped_are_found(
    search: Search, record: Record, screen: str, mode: bytes
) -> None:
    record("chat", mode + screen.replace("\n", "\r\n").encode(), size=SIZE)
    search.update(["chat"])
    for typed in (SENTENCE, f'"{SENTENCE}"', "migration nightly", '"the replication lag grows"'):
        assert texts(search, typed), typed
    assert [SYMBOL in text for text in texts(search, SYMBOL)] == [True]
    [hit] = search.find_by_session(Query.of("customer nightly backup"), 10, 3)
    assert hit.line_count == 1
    assert texts(search, "migration nowhere") == []


@pytest.mark.parametrize("above", range(MAX_PAGE_LINES - 5, MAX_PAGE_LINES + 1))
def test_a_paragraph_is_not_cut_by_the_end_of_a_page(search: Search, record: Record, above: int) -> None:
    record("chat", b"".join(b"line %d\r\n" % number for number in range(above)), size=SIZE)
    for line in CODEX.splitlines():  # Each is indexed by itself, as an answer that comes slowly is.
        record("chat", f"{line}\r\n".encode(), size=SIZE)
        search.update(["chat"])
    assert len(texts(search, SENTENCE)) == 1
    assert len(texts(search, SYMBOL)) == 1


words = st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=12, max_size=60)


@given(words, st.integers(30, 100), st.integers(0, 5), st.data())
def test_any_words_of_a_wrapped_paragraph_are_found(
    paragraph: list[str], columns: int, margin: int, data: st.DataObject
) -> None:
    lines = textwrap.wrap(" ".join(paragraph), columns - margin, initial_indent="  ", subsequent_indent="  ")
    run = rows("\n".join(lines), columns)
    assert all(continues(line, below) for line, below in itertools.pairwise(run))
    begin = data.draw(st.integers(0, len(paragraph) - 4))
    query = Query.of(f'"{" ".join(paragraph[begin : begin + 4])}"')
    assert any(query.matches(line.text) for line in run) or any(wrapped_matches(run, query))
    for line in wrapped_matches(run, query):
        assert query.matches(line.text)


TABLE = """\
┌──────┬────────────────────────┐
│ When │ The migration of the   │
│      │ customer invoices      │
│      │ table must be rolled   │
│      │ out slowly.            │
└──────┴────────────────────────┘"""
LIST = """\
  - Migrate the customer
    invoices table slowly.
  1. Then the nightly
     backup.
  • Done
- next"""


@pytest.mark.parametrize(
    ("screen", "phrases"),
    [
        (TABLE, ["migration of the customer invoices table must be rolled out slowly"]),
        (LIST, ["customer invoices table", "nightly backup"]),
    ],
    ids=["table", "list"],
)
def test_the_rows_of_a_narrow_table_and_of_a_lists_item_are_searched_as_one(
    search: Search, record: Record, screen: str, phrases: list[str]
) -> None:
    record("chat", screen.replace("\n", "\r\n").encode(), size=SIZE)
    search.update(["chat"])
    for phrase in phrases:
        assert texts(search, f'"{phrase}"'), phrase
        assert any(phrase in text for text in texts_of(screen.splitlines(), 60)), phrase
    assert not texts(search, '"done - next"')
    assert not texts(search, '"done next"')


def test_a_word_with_soft_hyphens_is_found_as_it_is_read(search: Search, record: Record) -> None:
    record("chat", "the Donau\u00addampf\u00adschiff, zero\u200bwidth".encode(), size=SIZE)
    search.update(["chat"])
    for typed in ("donaudampfschiff", "Donau\u00addampfschiff", "zerowidth"):
        assert len(texts(search, typed)) == 1, typed
    text = "a Donau\u00addampfer"
    [(first, end)] = Query.of("donaudampfer").spans(text)
    assert text[first:end] == "Donau\u00addampfer"


def test_lines_that_a_program_did_not_wrap_are_not_joined() -> None:
    [short, other] = rows("a short line\nanother one")
    assert not continues(short, other)
    item, rule, shell = "- the next item", "─" * 60, "❯ next prompt"
    for below in (item, "2. the next item", rule, shell):
        [full, next_row] = rows(f"{'a full row of words ' * 3}\n{below}")
        assert not continues(full, next_row), below
    [full, further] = rows(f"{'a full row of words ' * 3}\nwords")
    assert continues(full, further)
    assert not continues(full._replace(room=NO_WRAPPING), further)
    assert not continues(full, further._replace(number=9)), "a line between them was indexed before"


@pytest.mark.parametrize("screen", SCREENS, ids=["claude", "codex", "opencode", "gemini"])
def test_a_screen_has_a_sentence_and_a_symbol_that_an_agent_wrapped(screen: str) -> None:
    shown = ["", *screen.splitlines(), "", "$ "]
    texts = list(texts_of(shown, 60))
    assert texts[0] == "\n".join(shown)
    for wanted in (SENTENCE, SYMBOL):
        assert wanted not in texts[0]
        assert any(wanted in text for text in texts), wanted
    assert all(text.startswith("\n") and text.endswith("\n\n$ ") for text in texts)
    assert list(texts_of(["ready", "", "$ "], 60)) == ["ready\n\n$ "]


def test_the_least_rows_with_all_words_are_a_match() -> None:
    run = rows(CLAUDE)[1:4]
    [both] = wrapped_matches(run, Query.of("slowly nightly"))
    assert (both.number, both.text) == (3, f"be rolled {SENTENCE.partition('be rolled ')[2]}")
    assert list(wrapped_matches(run, Query.of("replication slowly"))) == [], "one row has both"
