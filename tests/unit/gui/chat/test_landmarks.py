"""Where texts begin on a page, how wide they are, and what may be wider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from gui.chat.content.segments import Code, Diff, FoldLine, LiveLine, Paragraph, QuietLine, Segment, Table
from gui.chat.drawing.code import PADDING_PX
from gui.chat.drawing.segment_layout import SegmentLayout
from gui.chat.page.page import TranscriptPage
from gui.chat.page.painting import BAR_PX
from gui.theme.theme import Theme
from session_host.structured.items import FileChange
from tests.support.scripted_chat import ScriptedChat
from tests.support.themes import OWN

WIDE_WINDOW_PX = 2550
LONG = "a_word " * 40
TABLE = "| a | b |\n|---|---|\n| {cell} | 1 |"


def patch(line: str) -> str:
    return f"@@ -1 +1 @@\n-{line}\n+{line}b\n"


@pytest.fixture
def page(qapp: QApplication) -> Iterator[TranscriptPage]:
    """A page in a wide window: each kind of text, and code, diffs and tables with short and with long lines."""
    chat = ScriptedChat()
    chat.put("user", "Do it. " + LONG, status="done", turn="t1")
    chat.run()
    chat.put("notice", "Context compacted")
    chat.put("thought", "I think.", status="done", turn="t1")
    chat.put("tool", tool="execute", title="make", command="make", output="fine", status="done", turn="t1")
    for line in ("a", LONG):
        chat.put("tool", tool="edit", title="Edit a.py", changes=(FileChange("a.py", patch(line)),), status="done")
        text = f"# Title\n\n{LONG}\n\n{TABLE.format(cell=line)}\n\n```\n{line}\n```"
        chat.put("agent", text, status="done", turn="t1")
    made = TranscriptPage(Theme(qapp, OWN, "dark"))
    made.resize(WIDE_WINDOW_PX, 900)
    made.fit_width()
    made.set_transcript(chat.transcript)
    made.rows.live.update(chat.transcript)
    made.rows.refresh("")
    yield made
    made.deleteLater()


def laid_out(page: TranscriptPage) -> list[tuple[Segment, SegmentLayout]]:
    """All segments of the page with their layouts."""
    return [
        (segment, page.rows.laid(position, number))
        for position in range(len(page.rows))
        for number, segment in enumerate(page.rows.row(position).segments)
    ]


def widths(page: TranscriptPage) -> tuple[float, float]:
    """The width of texts, and of what may be wider."""
    return page.rows.widths.text, page.rows.widths.wide


def left_edges(page: TranscriptPage, kind: type[Segment]) -> set[float]:
    """Where the texts of a kind begin, right of the page's text."""
    return {
        min(box.x for box in laid.boxes) for segment, laid in laid_out(page) if type(segment) is kind and laid.boxes
    }


def right_edges(page: TranscriptPage, kind: type[Segment]) -> list[float]:
    """Where the texts of a kind end at most, in order."""
    found = [(segment, laid) for segment, laid in laid_out(page) if type(segment) is kind and laid.boxes]
    return [max(box.x + box.width for box in laid.boxes) for _, laid in found]


@pytest.mark.parametrize("kind", [Paragraph, Table, FoldLine, QuietLine, LiveLine])
def test_all_texts_begin_at_one_edge(page: TranscriptPage, kind: type[Segment]) -> None:
    assert left_edges(page, kind) == {0.0}


def test_the_ground_of_code_begins_there_too_however_long_its_lines_are(page: TranscriptPage) -> None:
    assert left_edges(page, Code) == {float(PADDING_PX)}
    assert len(left_edges(page, Diff)) == 1, "beside the numbers of lines"


def test_a_text_is_640_px_wide_in_the_middle_of_a_wide_window(page: TranscriptPage) -> None:
    assert widths(page) == (640, 880)
    assert page.column_left == (WIDE_WINDOW_PX - BAR_PX - 640) // 2
    assert max(right_edges(page, Paragraph)) == 640, "also a long one"
    page.set_font_size(28)
    assert widths(page) == (1280, 1760), "in proportion to the text size"
    assert page.column_left == (WIDE_WINDOW_PX - BAR_PX - 1280) // 2
    page.set_font_size(14)
    page.resize(500, 900)
    page.fit_width()
    text_px, wide_px = widths(page)
    assert text_px == wide_px < 500, "narrower only by the pane"


def test_only_code_and_diffs_with_longer_lines_are_wider_and_only_to_the_right(page: TranscriptPage) -> None:
    assert max(right_edges(page, Table)) <= 640, "a table is scrolled sideways"
    for kind in (Code, Diff):
        usual, wide = right_edges(page, kind)
        assert usual <= 640 < wide <= 880, kind
    usual, wide = right_edges(page, Code)
    assert (usual + PADDING_PX, wide + PADDING_PX) == (640, 880)
    assert max(right_edges(page, Paragraph) + right_edges(page, FoldLine) + right_edges(page, QuietLine)) <= 640 + 8
