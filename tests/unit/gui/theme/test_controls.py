"""Controls as they look and work: arrows, rows that wrap, frames on whole pixels, menus by keyboard, tool tips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QHelpEvent,
    QImage,
    QKeySequence,
    QPainter,
    QPalette,
    QTextDocumentFragment,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStyleOptionMenuItem,
    QToolButton,
    QToolTip,
    QWidget,
)

from gui.chat.pictures import ImageDialog
from gui.theme.contrast import TEXT_RATIO, ratio
from gui.theme.controls import FlowLayout, KeyButton, PlainLabel, flow
from gui.theme.menu import Menu, access_letters
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tooltips import set_tooltip
from tests.support.displays import XServer
from tests.support.qt_waiting import delete_now, process_events_until, show_active
from tests.support.themes import OWN
from tests.support.windows import xdotool


@pytest.fixture
def holder(theme: Theme) -> Iterator[QWidget]:
    parent = QWidget()
    yield parent
    parent.close()
    parent.deleteLater()


@pytest.mark.parametrize("theme", ["dark", "light"], indirect=True)
def test_what_an_empty_field_says_can_be_read(theme: Theme, holder: QWidget) -> None:
    for field in (QLineEdit(holder), QPlainTextEdit(holder)):
        field.setPlaceholderText("Filter")
        field.ensurePolished()
        color = field.palette().color(QPalette.ColorRole.PlaceholderText)
        assert color.alpha() == 255, "Qt makes half of the text's colour of it"
        assert ratio(color, field.palette().color(QPalette.ColorRole.Base)) >= TEXT_RATIO


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
        24,
        24 + 8 + 10,
        24 + 8 + 10,
        20 + 8 + 24 + 8 + 10,
        20 + 8 + 24 + 8 + 10,
    ]
    layout.setGeometry(QRect(5, 7, 100, 42))
    assert [each.geometry() for each in (first, second, wide)] == [
        QRect(5, 9, 40, 20),
        QRect(53, 7, 50, 24),
        QRect(5, 39, 100, 10),
    ]
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


WAIT_S = 60.0


@pytest.fixture
def menu(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[Menu]:
    """An open menu of a window with the keyboard."""
    theme = Theme(qapp, OWN, "light")
    window = QWidget()
    window.resize(400, 300)
    show_active(window)
    opened = Menu(window)
    opened.addAction("Copy").setShortcut(QKeySequence("Ctrl+C"))
    opened.addMenu("Close").addAction("Close other tabs")
    opened.addSeparator()
    opened.addAction("Conflicts").setEnabled(False)
    opened.addAction("Continue…").setShortcut(QKeySequence("Ctrl+Shift+Del"))
    opened.addAction("Continue all")
    opened.addAction("E&xit")
    opened.popup(window.mapToGlobal(QPoint(10, 10)))
    process_events_until(opened.isVisible, WAIT_S, "the menu to be open")
    yield opened
    delete_now(opened, window, theme)
    qapp.setStyleSheet("")


def selected(menu: Menu) -> str:
    return "".join(action.text() for action in menu.actions() if action is menu.activeAction())


def test_letters_select_their_entry_and_run_nothing(menu: Menu) -> None:
    ran: list[str] = []
    menu.triggered.connect(lambda action: ran.append(action.text()))

    def type_after_a_pause(keys: str, expected: str) -> None:
        menu._typed_at_s = 0.0
        xdotool("key", "--delay", "1", *keys.split())
        process_events_until(lambda: selected(menu) == expected, WAIT_S, expected)

    type_after_a_pause("l", "Close")
    assert QApplication.activePopupWidget() is menu, "the submenu would get the next letters"
    type_after_a_pause("c", "Copy")
    type_after_a_pause("x", "E&xit")
    type_after_a_pause("c", "Copy")
    type_after_a_pause("c o n", "Continue…")
    type_after_a_pause("c o n t i n u e space a", "Continue all")
    type_after_a_pause("c o n t", "Continue…")
    type_after_a_pause("z z", "Continue…")
    assert ran == []
    xdotool("key", "Return")
    process_events_until(lambda: bool(ran), WAIT_S, "Enter to run the entry")
    assert ran == ["Continue…"]


def test_each_entry_of_a_menu_has_a_letter_of_its_own() -> None:
    titles = ["Copy", "Clear", "Cu&t", "R&&D", "Turn", "…", "", "C", "Two panes", "&Tab", "Split"]
    assert access_letters(titles) == [
        ("c", "&Copy"),
        ("l", "C&lear"),
        ("t", "Cu&t"),
        ("r", "&R&&D"),
        ("u", "T&urn"),
        ("", "…"),
        ("", ""),
        ("", "C"),
        ("p", "Two &panes"),
        ("a", "T&ab"),
        ("s", "&Split"),
    ]


def test_a_letter_is_underlined_and_follows_the_entries_that_are_shown(menu: Menu) -> None:
    copy, close = menu.actions()[:2]
    option = QStyleOptionMenuItem()
    menu.initStyleOption(option, copy)
    assert option.text == "&Copy"
    copy.setVisible(False)
    menu.initStyleOption(option, close)
    assert option.text == "&Close"


def test_letters_work_in_a_submenu(menu: Menu) -> None:
    xdotool("key", "--delay", "1", "l", "Right")
    process_events_until(lambda: QApplication.activePopupWidget() is not menu, WAIT_S, "the submenu to be open")
    submenu = QApplication.activePopupWidget()
    assert isinstance(submenu, Menu)


def test_shortcuts_end_at_the_same_edge(menu: Menu) -> None:
    picture = menu.grab().toImage()

    def last_ink(text: str) -> int:
        area = menu.actionGeometry(next(action for action in menu.actions() if action.text() == text))
        ground = picture.pixel(area.right() - 4, area.center().y())
        columns = range(area.right() - 4, area.left(), -1)
        return next(x for x in columns if any(picture.pixel(x, y) != ground for y in range(area.top(), area.bottom())))

    edges = {last_ink("Copy"), last_ink("Continue…")}
    assert max(edges) - min(edges) <= 2
    assert max(edges) > menu.width() - 24


@pytest.mark.parametrize("text", ['<img src="/a/pipe">Run the tests', "&lt;b&gt; & <b>bold</b>"])
def test_what_an_agent_says_is_no_html_in_a_tool_tip_and_a_label(qapp: QApplication, text: str) -> None:
    around = QWidget()
    button = QPushButton(around)
    set_tooltip(button, text)
    around.show()
    point = QPoint(2, 2)
    QApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, point, button.mapToGlobal(point)))
    assert QTextDocumentFragment.fromHtml(QToolTip.text()).toPlainText() == text
    assert button.toolTip() == text, "a screen reader reads the text itself"
    QToolTip.hideText()

    entry = QAction(around)
    set_tooltip(entry, text)
    assert QTextDocumentFragment.fromHtml(entry.toolTip()).toPlainText() == text
    assert PlainLabel(text).textFormat() == Qt.TextFormat.PlainText
    around.close()


def test_a_widget_without_a_tool_tip_leaves_it_to_the_widget_around_it(qapp: QApplication) -> None:
    around = QWidget()
    set_tooltip(around, "around")
    button = QPushButton(around)
    set_tooltip(button, "")
    around.show()
    point = QPoint(2, 2)
    QApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, point, button.mapToGlobal(point)))
    assert "around" in QToolTip.text()
    QToolTip.hideText()
    around.close()


def test_a_button_shows_its_key_beside_its_name_and_the_name_alone_where_it_is_narrow(
    theme: Theme, holder: QWidget
) -> None:
    button = KeyButton("Decline")
    button.setParent(holder)
    plain = button.fit(400, is_narrow=False)
    button.set_name("Decline", "Alt+N", "Decline (Alt+N)")
    keyed = button.fit(400, is_narrow=False)
    assert keyed.width() > plain.width() + 8
    assert (button.text(), button._cap.text(), button.accessibleName()) == ("Decline", "Alt N", "Decline (Alt+N)")
    narrow = button.fit(plain.width() + 16, is_narrow=False)
    assert (button.text(), button._cap.text()) == ("Decline", "")
    assert narrow.width() <= plain.width()
    assert button.fit(400, is_narrow=False) == keyed, "with room again, the key is back"
    button.set_name("Always allow all commands that begin with make", "A", "")
    wrapped = button.fit(180, is_narrow=False)
    assert wrapped.width() <= 180
    assert button.text().replace("\n", " ") == "Always allow all commands that begin with make"
