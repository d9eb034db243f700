"""``outlive search`` prints the found lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.cli import search as search_command
from session_host.cli.output import cut, local_time, width
from session_host.cli.search import lines_of_chat, marked
from session_host.client.sessions.session_info import SessionInfo, info_of
from session_host.storage.search import Found, Hit, Query, Search
from tests.support.facts import chat_facts

SECOND_NS = 1_000_000_000
BEGAN_NS = 1_767_323_045 * SECOND_NS


def chat(session_id: str, name: str) -> SessionInfo:
    return info_of(
        chat_facts(id=session_id, name=name, agent="shell", argv=[], cwd="/", created_at="2026-01-02T03:04:05Z")
    )


def test_a_chat_has_its_lines_below_its_name_and_the_number_of_the_others() -> None:
    hits = [Hit("1" * 36, 30, 0, BEGAN_NS, "needle one"), Hit("1" * 36, 5, 0, BEGAN_NS, "needle two")]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    texts = {}
    for found in (Found(hits, [2, 1], 199), Found(hits, [2, 1], 1001, is_counted=False)):
        shown = list(lines_of_chat(found, chat("1" * 36, "chat"), "needle it's", None, now, is_colored=False))
        texts[found.more] = shown.pop()
        assert [line.split()[-3:] for line in shown] == [
            ["11111111", "shell,", "starting"],
            ["needle", "one", "×2"],
            ["5", "needle", "two"],
        ]
    assert texts[199] == """  +199 in this chat: outlive search --session 11111111 'needle it'"'"'s'"""
    assert texts[1001].startswith("  +1,000 or more in this chat: ")


def test_control_characters_are_made_harmless() -> None:
    found = Found([Hit("1" * 36, 1, 0, BEGAN_NS, "a\x1b[31m\u202eneedle\x07")], [1], 1)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    for is_colored in (False, True):
        one = chat("1" * 36, "x\x1b]0;y\x07")
        text = "".join(lines_of_chat(found, one, "needle\x1b[1m", 60, now, is_colored=is_colored))
        plain = re.sub(r"\x1b\[(0|1|2|1;31)m", "", text)
        assert not any(character in plain for character in "\x1b\x07\u202e")
        assert (plain == text) is not is_colored


def test_matches_are_marked() -> None:
    assert marked("a needle.", Query.of("needle").spans("a needle.")) == "a \x1b[1;31mneedle\x1b[0m."


@given(st.text(st.characters(exclude_categories=("C", "M", "Z")), max_size=60), st.integers(20, 60))
def test_a_line_is_cut_to_its_width_around_its_first_match(around: str, columns: int) -> None:
    text = f"{around} {around} needle {around}"
    query = Query.of("needle")
    shown = cut(text, query.spans(text), columns)
    assert width(shown) <= columns
    assert query.matches(shown) or "needle" in around.casefold()


def test_the_day_is_printed_unless_it_is_today() -> None:
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert len(local_time(now, now)) == len("12:00:00")
    assert len(local_time(now - timedelta(days=3), now)) == len("2025-12-30 12:00:00")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_shows_how_many_chats_are_indexed(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: is_terminal)
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setattr(search_command, "_QUIET_S", -1.0)
    with Search() as search, search_command._Progress(search, 3000) as progress:
        search.behind = 2850
        assert progress.show() is False
        assert shown.getvalue() == ("\r150 of 3,000 chats are indexed\x1b[K" if is_terminal else "")
    assert shown.getvalue().endswith("\r\x1b[K" if is_terminal else "")
