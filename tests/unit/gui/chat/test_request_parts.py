"""Texts of a request are wrapped without losing a word."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel

from gui.theme.controls import show_text

WIDTH_PX = 200


def test_a_path_wider_than_a_line_begins_after_the_previous_word(qapp: QApplication) -> None:
    label, text = QLabel(), f"in ~/{'path/' * 20}api and more"
    label.setWordWrap(True)
    for width in range(150, 250):
        show_text(label, text, width)
        alone = QLabel(label.text())
        assert label.heightForWidth(width) == alone.sizeHint().height(), "Qt wraps no line again"
    show_text(label, text, WIDTH_PX)
    lines = label.text().split("\n")
    assert lines[0].startswith("in ~/path/")
    assert all(label.fontMetrics().horizontalAdvance(line) <= WIDTH_PX for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    widest = [label.fontMetrics().horizontalAdvance(line) for line in lines[:-2]]
    assert min(widest) > WIDTH_PX * 0.9, "no line is left half empty"
    show_text(label, "short words only", WIDTH_PX)
    assert label.text() == "short words only"
