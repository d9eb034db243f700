"""Lines of an agent's output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.structured import lines
from session_host.structured.lines import AgentLine, LineSplitter


@given(st.lists(st.binary(max_size=20).filter(lambda each: b"\n" not in each), max_size=8), st.data())
def test_any_pieces_give_the_same_lines(texts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(each + b"\n" for each in texts)
    cut = data.draw(st.integers(0, len(stream)))
    splitter = LineSplitter()
    lines = splitter.feed(stream[:cut]) + splitter.feed(stream[cut:])
    assert [each.data for each in lines] == [each.rstrip(b"\r") for each in texts if each.strip()]
    assert splitter.offset == len(stream)


def test_the_offset_stays_before_an_unfinished_line() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == [AgentLine(b"one")]
    assert splitter.offset == 4
    again = LineSplitter(splitter.offset)
    assert again.feed(b"two\n") == [AgentLine(b"two")]


def test_a_last_line_without_an_end_counts() -> None:
    splitter = LineSplitter()
    splitter.feed(b"half")
    assert splitter.finish() == [AgentLine(b"half")]


def test_a_line_that_is_too_long_is_dropped_and_the_next_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    splitter = LineSplitter()
    for _ in range(50):
        assert splitter.feed(b"x" * 10) == []
    assert splitter.offset > 400
    other = LineSplitter(splitter.offset, splitter.skipped, splitter.start)
    rest = b"x" * (500 - splitter.offset)
    dropped, following = other.feed(rest + b"yy\nnext\n")
    assert dropped.dropped == 502
    assert dropped.data.startswith(b"xxx")
    assert following == AgentLine(b"next")
