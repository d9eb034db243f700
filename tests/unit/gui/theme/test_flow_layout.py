"""Controls that wrap to further lines."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QApplication, QWidget

from gui.theme.controls import FlowLayout, flow


class Control(QWidget):
    """A control with a size of its own."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.size_hint = QSize(width, height)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.size_hint

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(10, self.size_hint.height())


def test_controls_wrap_no_wider_than_the_row_and_hidden_ones_take_no_space(qapp: QApplication) -> None:
    first, hidden, second, wide = controls = Control(40, 20), Control(30, 50), Control(50, 24), Control(300, 10)
    hidden.hide()
    holder = flow(*controls)
    layout = holder.layout()
    assert isinstance(layout, FlowLayout)
    layout.setSpacing(8)
    assert layout.widgets() == list(controls)
    assert holder.sizeHint() == QSize(40 + 8 + 50 + 8 + 300, 24), "one line"
    assert holder.minimumSizeHint() == QSize(10, 24)
    assert [layout.heightForWidth(width) for width in (406, 405, 98, 97, 20)] == [
        24, 24 + 8 + 10, 24 + 8 + 10, 20 + 8 + 24 + 8 + 10, 20 + 8 + 24 + 8 + 10
    ]  # fmt: skip
    layout.setGeometry(QRect(5, 7, 100, 42))
    assert [each.geometry() for each in (first, second, wide)] == [
        QRect(5, 9, 40, 20), QRect(53, 7, 50, 24), QRect(5, 39, 100, 10)
    ]  # fmt: skip
    hidden.show()
    assert layout.heightForWidth(100) == 50 + 8 + 24 + 8 + 10
    layout.removeWidget(hidden)
    assert layout.widgets() == [first, second, wide]
    assert layout.itemAt(3) is None
    hidden.deleteLater()
    holder.deleteLater()
