"""Nothing is cut off or covered in a small window, and a tray's balloon is readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from unittest.mock import Mock

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from gui.theme.contrast import TEXT_RATIO, ratio
from gui.theme.theme import Theme
from gui.theme.tokens import SIDEBAR_COLLAPSED_PX
from gui.window.frame import MIN_SIZE_PX
from gui.window.new_chat.agent_tiles import MAX_COLUMNS, AgentTile
from gui.window.new_chat.sheet import NewChatSheet
from gui.window.page.empty_state import EmptyState
from gui.window.page.state_bars import ConnectionBar
from gui.window.sheets.phone import PhoneSheet
from gui.window.sheets.question import SUBJECT_LINES, Question, QuestionSheet
from gui.wording import page_texts
from session_host.agents.catalog import load_catalog
from session_host.standing.groups import Mark
from session_host.web import devices
from tests.support.area import Area
from tests.support.qt_waiting import process_events_until, show
from tests.support.themes import OWN
from tests.unit.gui.conftest import WindowHarness

WAIT_S = 60.0
CHATS = "\n".join(f"a-name-{number} · Claude Code · ~/a/directory/with/a/long/name-{number}" for number in range(3))


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, OWN, "dark")


@pytest.fixture
def around(theme: Theme) -> Iterator[QWidget]:
    """The window around a sheet."""
    parent = QWidget()
    parent.resize(900, 600)
    show(parent)
    yield parent
    parent.close()
    parent.deleteLater()


def settles(done: Callable[[], bool], what: str) -> None:
    process_events_until(done, WAIT_S, what)


@pytest.mark.parametrize("lines", range(1, SUBJECT_LINES + 1))
def test_a_list_of_few_lines_does_not_scroll(theme: Theme, around: QWidget, lines: int) -> None:
    sheet = QuestionSheet(theme, around)
    sheet.ask(Question("Stop these chats?", "Stop", lambda: None, subject="\n".join(["shell · running"] * lines)))
    settles(lambda: sheet.subject.height() == sheet.subject.sizeHint().height(), "the list to have its height")
    assert sheet.subject.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("size", [(900, 600), MIN_SIZE_PX], ids=["usual", "least"])
def test_a_question_shows_its_whole_list_above_its_buttons(
    theme: Theme, around: QWidget, size: tuple[int, int]
) -> None:
    around.resize(*size)
    sheet = QuestionSheet(theme, around)
    sheet.ask(Question("Resume these chats?", "Resume 3 chats", lambda: None, "Without a conversation: x", CHATS))
    subject = sheet.subject
    settles(lambda: subject.verticalScrollBar().maximum() == 0, "the list to be whole")
    settles(lambda: subject.geometry().top() - sheet.title.geometry().bottom() <= 16, "no room to be left above it")
    settles(lambda: sheet.body.rect().contains(sheet.yes.geometry()), "the buttons to be within the sheet")
    assert subject.geometry().bottom() < sheet.detail.geometry().top()


def test_the_text_beside_a_name_stays_on_its_right_in_any_script(theme: Theme, around: QWidget) -> None:
    sheet = QuestionSheet(theme, around)
    sheet.ask(Question("Stop these chats?", "Stop", lambda: None, subject="בדיקה · running\nshell · running"))
    settles(lambda: sheet.subject.document().firstBlock().layout().lineCount() == 1, "the list to be laid out")
    line = sheet.subject.document().firstBlock().layout().lineAt(0)
    name_end, words_end = line.naturalTextRect().center().x(), line.cursorToX(len("בדיקה · running"))[0]  # type: ignore[index]
    assert words_end > name_end


def test_the_sheet_for_a_new_chat_fits_the_smallest_window(theme: Theme, around: QWidget, area: Area) -> None:
    around.resize(*MIN_SIZE_PX)
    sheet = NewChatSheet(theme, around, load_catalog(area.config))
    sheet.ask("command", "~", {}, {"NAME": "value"}, {})
    inner, viewport = sheet.tiles.parentWidget(), sheet.scrolled.viewport()
    assert inner is not None
    settles(lambda: inner.width() <= viewport.width(), "nothing to be cut off at its side")
    tiles = [each for each in sheet.findChildren(AgentTile) if each.isVisible()]
    settles(lambda: not _overlapping(tiles), "the tiles to be beside each other")
    label = sheet._fields.labels[sheet.naming]
    settles(lambda: label.geometry().bottom() < sheet.naming.geometry().top(), "the labels to be above the fields")
    around.resize(900, 600)
    settles(lambda: label.geometry().right() < sheet.naming.geometry().left(), "the labels to be beside the fields")


@pytest.mark.parametrize("size", [(420, 300), MIN_SIZE_PX], ids=["low", "least"])
def test_the_chosen_agent_is_visible_in_a_low_window(
    theme: Theme, around: QWidget, area: Area, size: tuple[int, int]
) -> None:
    around.resize(*size)
    agents = load_catalog(area.config)
    sheet = NewChatSheet(theme, around, agents)
    sheet.ask("command", "~", {}, {}, {})
    settles(lambda: _is_in_view(sheet, sheet.arguments), "the field to type in to be visible")
    assert sheet.tiles.current() == "command"
    sheet.tiles.focus()
    for name in list(agents)[-2::-1]:
        QTest.keyClick(sheet.tiles, Qt.Key.Key_Left)
        assert sheet.tiles.current() == name
        settles(lambda: _is_in_view(sheet), "the agent chosen by an arrow key to be visible")


@pytest.mark.usefixtures("area")
def test_a_device_that_asks_is_answered_in_the_smallest_window(theme: Theme, around: QWidget) -> None:
    around.resize(*MIN_SIZE_PX)
    devices.ask(devices.begin_pairing(), "a key", "", "Firefox on Android", "192.168.1.34")
    sheet = PhoneSheet(theme, around)
    sheet.ask()
    card = sheet.card
    settles(lambda: card.width() <= sheet.body.width(), "the card to be as wide as the sheet")
    settles(lambda: max(card.no.width(), card.yes.width()) <= card.width(), "its answers to be whole")
    assert "\n" in card.yes.text(), "in two lines"
    settles(card.yes.isEnabled, "the first half second to be over")
    assert _is_in_view(sheet, card.words[0]), "what is to be compared comes first"
    QTest.keyClick(card.no, Qt.Key.Key_Tab)
    assert sheet.focusWidget() is card.yes
    settles(lambda: _is_in_view(sheet, card.yes), "the button for yes to be visible")


@pytest.mark.parametrize("focused", ["agent", "environment"])
def test_what_has_the_keyboard_stays_visible_when_the_window_becomes_smaller(
    theme: Theme, around: QWidget, area: Area, focused: str
) -> None:
    around.resize(900, 700)
    sheet = NewChatSheet(theme, around, load_catalog(area.config))
    sheet.ask("command", "~", {}, {"NAME": "value"}, {})
    control = sheet.tiles.current_tile() if focused == "agent" else sheet.environment
    assert control is not None
    control.setFocus()
    settles(lambda: _is_in_view(sheet, control), "it to be visible in a large window")
    around.resize(420, 300)
    settles(lambda: sheet.scrolled.verticalScrollBar().maximum() > 0, "the fields to scroll")
    settles(lambda: _is_in_view(sheet, control), "it to be visible in a low window")


def test_a_smaller_window_shows_what_the_user_has_scrolled_to(theme: Theme, around: QWidget, area: Area) -> None:
    around.hide()
    around.resize(420, 300)
    show(around)  # The X server reports no earlier size from now on.
    sheet = NewChatSheet(theme, around, load_catalog(area.config))
    sheet.ask("claude", "~", {}, {"NAME": "value"}, {})
    bar, tile = sheet.scrolled.verticalScrollBar(), sheet.tiles.current_tile()
    assert tile is not None
    settles(lambda: bar.maximum() > 0 and _is_in_view(sheet, tile), "the agent to be visible")
    bar.setValue(bar.maximum())
    assert not _is_in_view(sheet, tile)
    around.resize(420, 290)
    settles(lambda: sheet.height() == 290, "the sheet to be lower")
    QApplication.processEvents()
    assert not _is_in_view(sheet, tile)


def _is_in_view(sheet: NewChatSheet | PhoneSheet, control: QWidget | None = None) -> bool:
    """Whether the user sees the whole control, by default the chosen agent."""
    viewport = sheet.scrolled.viewport()
    if isinstance(sheet, NewChatSheet):
        control = control or sheet.tiles.current_tile()
    assert control is not None
    shown = QRect(control.mapTo(viewport, QPoint()), control.size())
    return viewport.rect().contains(shown.adjusted(0, 1, 0, -1))  # Qt may leave a line of the frame outside.


@pytest.mark.parametrize("width", [MIN_SIZE_PX[0], 480, 640])
def test_titles_of_agents_are_not_cut_in_a_narrow_window(theme: Theme, around: QWidget, area: Area, width: int) -> None:
    around.resize(width, 700)
    sheet = NewChatSheet(theme, around, load_catalog(area.config))
    sheet.ask("command", "~", {}, {}, {})
    tiles = [each for each in sheet.findChildren(AgentTile) if each.isVisible()]
    settles(lambda: not _overlapping(tiles) and sheet.tiles.width() < width, "the tiles to be beside each other")
    settles(lambda: all(tile.width() >= tile.width_for_title() for tile in tiles), "each tile to have its whole title")
    around.resize(900, 700)
    settles(lambda: len({tile.x() for tile in tiles}) == MAX_COLUMNS, "the usual columns")


def test_the_page_without_a_chat_scrolls_in_the_smallest_window(theme: Theme, around: QWidget, area: Area) -> None:
    page = EmptyState(theme)
    page.setParent(around)
    agents = list(load_catalog(area.config).values())
    page._build()
    page._show_agents(agents, [agent.name for agent in agents])
    page.resize(QSize(*MIN_SIZE_PX))
    page.show()
    inner = page.title.parentWidget()
    assert inner is not None
    settles(lambda: inner.height() > page.scrolled.height(), "it to scroll")
    assert inner.width() <= page.scrolled.viewport().width()
    parts = [page.title, page._text, page._agents, page._promise]
    settles(lambda: not _overlapping(parts), "its parts to be below each other")


async def test_a_narrow_window_shows_its_chats_as_marks_before_its_terminal_is_cut_off(harness: WindowHarness) -> None:
    ids = [await harness.add(name, agent=agent) for name, agent in (("one", "claude"), ("two", "codex"))]
    window = harness.open_window()
    harness.show(ids[0])
    sidebar, saved = window.sidebar, window.saved

    async def resized(width: int) -> None:
        window.resize(width, 500)
        await harness.until(lambda: window.width() == width, "the window to have its width")

    await resized(500)
    assert sidebar.width() == SIDEBAR_COLLAPSED_PX
    sidebar.list.setFocus()
    QTest.keyClick(sidebar.list, Qt.Key.Key_T)
    QTest.keyClick(sidebar.list, Qt.Key.Key_Return)
    assert window.tabs.active_id == ids[1]
    tooltip = sidebar.model.index_of(ids[1]).data(Qt.ItemDataRole.ToolTipRole)
    assert "two" in tooltip
    assert "Codex" in tooltip
    await resized(1000)
    assert sidebar.width() == saved.sidebar_width_px
    await resized(500)
    window.actions_["sidebar"].trigger()
    await resized(490)
    assert not sidebar.collapsed, "the user wants it"
    await resized(1000)
    window.actions_["sidebar"].trigger()
    await resized(500)
    await resized(1000)
    assert sidebar.collapsed, "the user wants that, too"


async def test_the_list_of_all_tabs_does_not_cover_the_windows_menu(harness: WindowHarness) -> None:
    window = harness.open_window()
    for number in range(5):
        harness.show(await harness.add(f"a chat with a name {number}"))
    pane = window.tabs.panes.active
    for width in (800, 700, 500):
        window.resize(width, 400)
        await harness.until(lambda width=width: window.width() == width, "the window to have its width")  # type: ignore[misc]
        assert not pane.overflow.isVisible() or not _overlapping([pane.overflow, window.menu_button])
    assert pane.overflow.isVisible()


@pytest.mark.parametrize(
    "text", [page_texts.CHAT_DOES_NOT_ANSWER(), page_texts.CHARACTERS_WAIT(n=1234), page_texts.TYPING_IS_KEPT()]
)
def test_a_line_over_a_screen_is_not_cut_in_a_narrow_pane(theme: Theme, around: QWidget, text: str) -> None:
    around.resize(360, 400)
    bar = ConnectionBar(theme, around, Mock(areas_in_use=list), around.height, Mock())
    bar.show_text(Mark.UNRESPONSIVE, text)
    bar.place()
    bar.show()
    settles(lambda: bar.text.width() > bar.width() - 60, "the line to be laid out")
    bar.grab()
    assert bar.text.text() == text


def _overlapping(widgets: Sequence[QWidget]) -> bool:
    return any(one.geometry().intersects(other.geometry()) for one, other in combinations(widgets, 2))


class QBalloonTip(QWidget):
    """A stand-in for Qt's balloon: it sets its own background and contains labels."""

    def __init__(self) -> None:
        super().__init__()
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(0xFF, 0xFF, 0xE1))
        self.setPalette(palette)
        self.label = QLabel("asks needs you", self)


def test_the_text_of_a_trays_balloon_is_readable(theme: Theme) -> None:
    balloon = QBalloonTip()
    for each in (balloon, balloon.label):
        each.ensurePolished()
    background = balloon.palette().color(QPalette.ColorRole.Window)
    text = balloon.label.palette().color(QPalette.ColorRole.WindowText)
    assert ratio(text, background) >= TEXT_RATIO
    balloon.deleteLater()
