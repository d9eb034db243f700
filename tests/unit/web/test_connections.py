"""The page's log while strangers give it reasons to write."""

from __future__ import annotations

import logging

from session_host.web.connections import OnceAMinute


def test_a_line_of_a_kind_is_written_once_a_minute_and_says_how_many_there_were() -> None:
    once = OnceAMinute()

    def written(line: int, at_s: float, words: str = "no handshake with %s") -> str:
        record = logging.LogRecord("page", logging.WARNING, "connections.py", line, words, ("203.0.113.9",), None)
        record.created = at_s
        return record.getMessage() if once.filter(record) else ""

    assert written(1, 100.0) == "no handshake with 203.0.113.9"
    assert [written(1, 100.0 + second) for second in range(60)] == [""] * 60
    assert written(2, 110.0, "another kind of %s") == "another kind of 203.0.113.9"
    assert written(1, 160.0) == "no handshake with 203.0.113.9 (and 60 more like this one)"
    assert written(1, 300.0) == "no handshake with 203.0.113.9"
