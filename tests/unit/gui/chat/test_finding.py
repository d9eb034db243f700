"""A search in a transcript with a long answer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui.chat.content.markdown import MarkdownText
from gui.chat.finder import Scan
from gui.finding.query import FindQuery, Pattern
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from tests.support.qt_waiting import process_events_until

LONG = "\n\n".join(f"The **needle** {number}" for number in range(2000))


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_long_answer_is_read_once_while_the_user_types_what_to_find(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, is_shown: bool
) -> None:
    transcript = Transcript()
    transcript.apply(Put(Item("a1", "agent", 1, LONG, "done", "t1")), 1)
    shown = MarkdownText()
    if is_shown:
        shown.segments(LONG)
    readings: list[str] = []
    read = MarkdownText._read

    def noted(markdown: MarkdownText, tail: str) -> set[tuple[str, str]]:
        readings.append(tail)
        return read(markdown, tail)

    monkeypatch.setattr(MarkdownText, "_read", noted)
    owner = QObject()
    scan = Scan("", owner, shown=lambda _key: shown if is_shown else None)
    for typed in ("n", "ne", "needle 1"):
        scan.start(transcript, Pattern(FindQuery(typed)))
        process_events_until(lambda: scan.is_done, 60.0, "the matches")
    assert len(scan.hits) == 1111
    assert len(readings) == (0 if is_shown else 1)
    scan.stop()
    assert scan.hits == []
