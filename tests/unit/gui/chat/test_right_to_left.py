"""Paragraphs in a right-to-left script are mirrored."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from gui.chat.content.segments import DiffHead, Paragraph
from gui.chat.drawing.code import lay_out_diff_head
from gui.chat.drawing.lay_out import lay_out_paragraph
from gui.chat.drawing.segment_layout import SegmentLayout, reads_from_right
from gui.chat.drawing.style import MARGIN_PX, Style
from gui.theme.theme import Theme
from tests.support.themes import OWN

HEBREW = "שלום, קובץ api.py"
WIDTH_PX = 400


@pytest.fixture
def style(qapp: QApplication) -> Style:
    return Style(Theme(qapp, OWN, "dark"), 13)


def text_edges(laid: SegmentLayout) -> tuple[float, float]:
    """The left and right edge of the first line's text."""
    [box] = laid.boxes
    line = box.layout.lineAt(0)
    return box.x + line.naturalTextRect().left(), box.x + line.naturalTextRect().right()


def inked_columns(laid: SegmentLayout) -> set[int]:
    """The columns of pixels that a paragraph's list marker or quotation bars cover."""
    picture = QImage(WIDTH_PX, round(laid.height), QImage.Format.Format_RGB32)
    picture.fill(QColor("black"))
    painter = QPainter(picture)
    for paint in laid.under:
        paint(painter)
    painter.end()
    background = QColor("black").rgb()
    return {x for x in range(WIDTH_PX) for y in range(picture.height()) if picture.pixel(x, y) != background}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc", False), ("", False), ("12 – …", False), (HEBREW, True), ("«12» سلام", True), ("api.py שלום", False)],
)
def test_the_first_letter_decides_the_direction_of_a_paragraph(text: str, expected: bool) -> None:
    assert reads_from_right(text) is expected


def test_a_right_to_left_paragraph_begins_at_the_right_edge(style: Style) -> None:
    laid = lay_out_paragraph(Paragraph(HEBREW), WIDTH_PX, style)
    left, right = text_edges(laid)
    assert right == pytest.approx(WIDTH_PX, abs=1)
    assert left > WIDTH_PX / 2
    assert laid.offset_at(QPointF(right - 1, 12)) == 0, "a click there is before the first letter"


def test_the_name_of_a_changed_file_ends_with_its_suffix(style: Style) -> None:
    laid = lay_out_diff_head(DiffHead("קובץ חדש.py"), WIDTH_PX, style, columns=False)
    line = laid.boxes[0].layout.lineAt(0)
    assert line.xToCursor(line.naturalTextRect().right()) == len("קובץ חדש.py")


def test_a_list_and_a_quotation_are_indented_from_the_right(style: Style) -> None:
    for fields in ({"indent": 1, "marker": "•"}, {"quotes": 1}):
        mirrored = lay_out_paragraph(Paragraph(HEBREW, **fields), WIDTH_PX, style)
        usual = lay_out_paragraph(Paragraph("Hello", **fields), WIDTH_PX, style)
        assert WIDTH_PX - text_edges(mirrored)[1] == pytest.approx(text_edges(usual)[0], abs=1)
        assert max(inked_columns(usual)) < text_edges(usual)[0]
        assert min(inked_columns(mirrored)) > text_edges(mirrored)[1]


def test_a_long_number_of_a_list_stays_on_the_page(style: Style) -> None:
    usual, *longer = (
        lay_out_paragraph(Paragraph(text, indent=1, marker=marker), WIDTH_PX, style)
        for text, marker in (("Hello", "1."), ("Hello", "19999."), (HEBREW, "19999."))
    )
    for laid in longer:
        left, right = text_edges(laid)
        beside = left if laid is longer[0] else WIDTH_PX - right
        number_px = style.metrics().horizontalAdvance("19999.")
        assert beside - number_px >= -MARGIN_PX
        assert beside > text_edges(usual)[0]
