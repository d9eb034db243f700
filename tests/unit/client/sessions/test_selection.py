"""Choosing chats by dates."""

from __future__ import annotations

from datetime import date

import pytest

from session_host.client.sessions.selection import period

TODAY = date(2026, 11, 26)  # a Thursday


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("today", "2026-11-26", "2026-11-27"),
        ("Yesterday", "2026-11-25", "2026-11-26"),
        ("monday", "2026-11-23", "2026-11-24"),
        ("fri", "2026-11-20", "2026-11-21"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("last  week", "2026-11-16", "2026-11-23"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("march", "2026-03-01", "2026-04-01"),
        ("dec", "2025-12-01", "2026-01-01"),
        ("March 2024", "2024-03-01", "2024-04-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-2", "2026-02-01", "2026-03-01"),
        ("2026-03-14", "2026-03-14", "2026-03-15"),
        ("90d", "2026-08-28", "2026-08-29"),
        ("2 weeks ago", "2026-11-12", "2026-11-13"),
    ],
)
def test_a_text_names_days(text: str, first: str, end: str) -> None:
    found = period(text, TODAY)
    assert found is not None
    assert (found.first.isoformat(), found.end.isoformat()) == (first, end)


@pytest.mark.parametrize("text", ["", "api", "2026-13", "2026-02-30", "0000", "marching", "may be", "9999y", "last"])
def test_another_text_names_none(text: str) -> None:
    assert period(text, TODAY) is None
