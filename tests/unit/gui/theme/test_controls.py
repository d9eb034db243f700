"""Controls as they look: texts, arrows, rows that wrap, frames on whole pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QWidget

from gui.chat.pictures import ImageDialog
from gui.theme.contrast import ratio
from gui.theme.controls import FlowLayout, flow
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme


@pytest.fixture
def holder(theme: Theme) -> Iterator[QWidget]:
    parent = QWidget()
    yield parent
    parent.close()
    parent.deleteLater()


@pytest.mark.parametrize("theme", ["dark", "light"], indirect=True)
def test_the_arrows_of_qts_file_dialog_are_visible(theme: Theme, holder: QWidget, tmp_path: Path) -> None:
    dialog = ImageDialog(theme, holder, str(tmp_path))
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    tools = [tool for tool in dialog.findChildren(QToolButton) if tool.objectName().endswith("Button")]
    assert len(tools) == 6
    for tool in tools:
        image = tool.icon().pixmap(16, 16).toImage()
        points = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        strongest = max(points, key=QColor.alpha)
        assert ratio(strongest, theme.tokens.color("sidebar")) > 3, tool.objectName()


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


LINE, BACKGROUND, OUTSIDE = (QColor(name) for name in ("#ff0000", "#00ff00", "#0000ff"))


def pixel_row(scale: float, left: float, line_px: float = 1) -> list[QColor]:
    """The row of pixels through a frame that is painted at this position."""
    picture = QImage(round(60 * scale), round(40 * scale), QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    picture.fill(OUTSIDE)
    painter = QPainter(picture)
    painter.translate(left, left)
    paint_frame(painter, QRectF(0, 0, 41, 21), LINE, BACKGROUND, line_px=line_px)
    assert painter.pen().color() == Qt.GlobalColor.black, "the painter's settings stay"
    painter.end()
    return [picture.pixelColor(x, round((left + 10) * scale)) for x in range(picture.width())]


@pytest.mark.parametrize("left", [3, 4, 5.25])
@pytest.mark.parametrize(
    ("scale", "line_px", "pixels"), [(1, 1, 1), (1.25, 1, 1), (1.5, 1, 1), (1.5, 2, 3), (1.75, 1, 1), (2, 1, 2)]
)
def test_no_pixel_is_half_covered(scale: float, line_px: float, pixels: int, left: float):
    found = pixel_row(scale, left, line_px)
    assert set(map(QColor.name, found)) == {"#ff0000", "#00ff00", "#0000ff"}
    assert found.count(LINE) == 2 * pixels
    first, last = found.index(LINE), len(found) - 1 - found[::-1].index(LINE)
    assert found[first : first + pixels] == [LINE] * pixels == found[last - pixels + 1 : last + 1]
    assert left * scale <= first <= left * scale + 1
    assert (left + 41) * scale - 1 <= last + 1 <= (left + 41) * scale
