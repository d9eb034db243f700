"""The guide window in this process: reading, links, going back and search, by keyboard and mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.settings.live import LiveSettings
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX, font
from gui.window import guide
from gui.window.actions.separate_windows import GuideOpener
from gui.window.guide import GuideWindow
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.qt_waiting import delete_now, process_events_until, show
from tests.support.windows import has_keyboard

WAIT_S = 60.0

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LONG = "\n\n".join(f"Paragraph {number} of many." for number in range(60))
PAGES = {
    "README.md": "# Guide\n\n| page |\n| --- |\n| [First](first.md) |\n| [Second](second.md) |\n| [Third](third.md) |"
    f"\n\n{LONG}",
    "first.md": f"# The first\n\nA needle and a Needle.\n\n{LONG}\n\n[Elsewhere](https://example.org)",
    "second.md": "# The second\n\nCtrl+Shift+F, `needle`; [see the third](third.md).\n\n"
    f"```\noutlive ls\n\noutlive doctor\n```\n\n{LONG}",
    "third.md": "# The third\n\nShort.",
}

ATTACH = "Attach from a terminal, also over SSH"
PANES = "Side by side: panes, tabs, windows"
WORDS = {
    "terminal": "The terminal", "restore": "Restore files", "export": "Search and export", "paste": "The terminal",
    "resume": "Resume, continue, fork", "fork": "Resume, continue, fork", "kill": "Stop, kill and remove chats",
    "upgrade": "When something is wrong", "fonts": "Themes and fonts", "broadcast": PANES, "split pane": PANES,
    "mute": "Notifications", "recordings": "Search and export", "images": "What programs can show", "ssh": ATTACH,
    "comment": "Changes",
}  # fmt: skip
"""Words that one types into the real guide, with the page that comes first."""


class Opened:
    """The open guide window, its settings, and the links that it passed to the desktop."""

    def __init__(self, theme: Theme, area: Area) -> None:
        self.settings = LiveSettings(area.config)
        self.links: list[str] = []
        self.opener = GuideOpener(theme, self.settings, self.links.append)
        self.window: GuideWindow = self.opener.open()

    @property
    def title(self) -> str:
        """The heading of the visible chapter."""
        return self.window.page.accessibleName()

    @property
    def shown(self) -> str:
        """The text on the page."""
        page = self.window.page
        return "\n".join(page.rows.row(each.position).segments[each.number].text for each in page.visible)

    @property
    def listed(self) -> list[str]:
        """The titles in the list."""
        model = self.window.navigation.model()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    @property
    def place(self) -> tuple[str, int, float]:
        """The position at the top of the page: block, segment, offset in pixels."""
        first = self.window.page.visible[0]
        return self.window.page.rows.key(first.position), first.number, first.top

    @property
    def found(self) -> str:
        """The window's text about the number of matches."""
        return self.window.matches.text()

    def click_first_link(self) -> None:
        """Click the first link on the page."""
        page = self.window.page
        links = ((each, one) for each in page.visible for one in each.laid.controls if one.action.kind == "link")
        each, link = next(links)
        place = (QPointF(page.segment_left(each.position), each.top) + link.area.center()).toPoint()
        QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the widget that has the keyboard."""
        focused = self.window.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, key, modifiers)

    def type(self, text: str) -> None:
        """Type into the widget that has the keyboard."""
        focused = self.window.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, text)

    def close(self) -> None:
        self.opener.close()
        delete_now(self.opener, self.settings)


@pytest.fixture
def opened(
    theme: Theme, area: Area, display: XServer, window_manager: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opened]:
    """The open guide window, with chapters of the test's own."""
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(guide, "GUIDE", tmp_path)
    opened = Opened(theme, area)
    window = opened.window
    process_events_until(
        lambda: window.isActiveWindow() and has_keyboard(int(window.winId())), WAIT_S, "the guide to have the keyboard"
    )
    yield opened
    opened.close()


def test_the_guide_is_read_by_keyboard_alone(opened: Opened) -> None:
    assert opened.listed == ["Guide", "The first", "The second", "The third"]
    assert opened.shown.startswith("Guide\n")
    # The search field has the keyboard first; the page scrolls from there, too.
    opened.press(Qt.Key.Key_PageDown)
    assert not opened.shown.startswith("Guide\n")
    opened.press(Qt.Key.Key_Down)
    opened.press(Qt.Key.Key_Down)
    assert opened.title == "The first"
    assert opened.shown.startswith("The first\n")
    opened.press(Qt.Key.Key_Tab)
    assert opened.window.page.hasFocus()
    opened.press(Qt.Key.Key_End)
    assert "Elsewhere" in opened.shown
    opened.press(Qt.Key.Key_Home)
    assert opened.shown.startswith("The first\n")
    opened.press(Qt.Key.Key_Space)
    assert not opened.shown.startswith("The first\n")
    assert not opened.window.page.scroller.to_end.isVisible(), "unlike a chat, a chapter has no end to follow"
    opened.press(Qt.Key.Key_Escape)
    assert opened.opener.window is None


def test_tab_goes_through_the_links_and_going_back_restores_the_position(opened: Opened) -> None:
    window = opened.window
    window.page.setFocus()
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Tab)
    assert window.page.accessibleDescription() == "Link: Second"
    opened.press(Qt.Key.Key_Return)
    assert (opened.title, window.windowTitle()) == ("The second", "The second — Guide — Outlive")
    assert window.navigation.currentIndex().data() == "The second"
    opened.press(Qt.Key.Key_PageDown)
    left = opened.place
    window.show_chapter("third.md")
    opened.press(Qt.Key.Key_Left, ALT)
    assert (opened.title, opened.place) == ("The second", left)
    opened.press(Qt.Key.Key_Right, ALT)
    assert opened.title == "The third"
    QTest.mouseClick(window.page, Qt.MouseButton.BackButton)
    assert (opened.title, opened.place) == ("The second", left)
    for _ in range(3):
        QTest.mouseClick(window.page, Qt.MouseButton.BackButton)
    assert (opened.title, window.windowTitle()) == ("Guide", "Guide — Outlive")
    QTest.mouseClick(window.page, Qt.MouseButton.ForwardButton)
    assert opened.title == "The second"


def test_a_click_opens_a_link_and_the_desktop_opens_external_ones(opened: Opened) -> None:
    opened.click_first_link()
    assert opened.title == "The first"
    assert opened.window.navigation.currentIndex().data() == "The first"
    opened.window.page.scroller.scroll_to_end()
    opened.click_first_link()
    assert opened.links == ["https://example.org"]
    assert opened.title == "The first"


def test_a_typed_text_is_found_in_all_chapters(opened: Opened) -> None:
    window = opened.window
    opened.type("NEEDLE")
    assert opened.listed == ["The first", "The second"]
    seen = []
    for _ in range(4):
        seen.append((opened.title, opened.found))
        opened.press(Qt.Key.Key_Return)
    assert seen == [
        ("The first", "1 of 3"), ("The first", "2 of 3"), ("The second", "3 of 3"), ("The first", "1 of 3"),
    ]  # fmt: skip
    opened.press(Qt.Key.Key_Return, SHIFT)
    opened.press(Qt.Key.Key_F3, SHIFT)
    assert (opened.title, opened.found) == ("The second", "3 of 3")
    assert window.page.current_hit is not None
    opened.press(Qt.Key.Key_Escape)
    assert len(opened.listed) == 4
    assert opened.found == ""
    assert window.page.pattern is None
    assert window.navigation.currentIndex().data() == opened.title == "The second"
    # All this is one step back.
    opened.press(Qt.Key.Key_Left, ALT)
    assert opened.title == "Guide"


def test_a_typed_title_or_heading_puts_its_page_first(theme: Theme, area: Area, window_manager: None) -> None:
    """With the real guide: "worktrees" showed the first page that mentions one."""
    opened = Opened(theme, area)
    show(opened.window)
    try:
        opened.window.show_chapter("security.md")
        titles = opened.listed
        for typed, first in [*((title.lower(), title) for title in titles), *WORDS.items()]:
            opened.window.search.clear()
            opened.type(typed)
            assert (typed, opened.listed[0], opened.title) == (typed, first, first)
            assert all(word in opened.shown.lower() for word in typed.split())
            opened.press(Qt.Key.Key_Escape)
            assert opened.title == first
    finally:
        opened.close()


def test_a_text_without_a_match_leaves_the_page_where_the_search_began(opened: Opened) -> None:
    opened.window.show_chapter("third.md")
    opened.type("needle")
    assert opened.title == "The first"
    opened.type("s")
    assert opened.listed == []
    assert opened.found == "No matches"
    opened.press(Qt.Key.Key_Return)
    assert opened.title == "The third"


def test_a_chapter_chosen_among_the_found_ones_shows_its_first_match(opened: Opened) -> None:
    opened.type("needle")
    opened.press(Qt.Key.Key_Down)
    opened.press(Qt.Key.Key_End)
    assert (opened.title, opened.found) == ("The second", "3 of 3")
    opened.press(Qt.Key.Key_Home)
    assert (opened.title, opened.found) == ("The first", "1 of 3")


def test_a_text_typed_on_the_page_is_searched_for(opened: Opened) -> None:
    opened.window.page.setFocus()
    opened.type("n")
    opened.type("eedle")
    assert opened.window.search.text() == "needle"
    assert opened.found == "1 of 3"
    opened.window.page.setFocus()
    opened.press(Qt.Key.Key_F, CONTROL)
    opened.type("short")
    assert opened.title == "The third"


def test_a_block_of_code_is_copied_whole(opened: Opened) -> None:
    opened.window.show_chapter("second.md")
    opened.window.page.setFocus()
    QGuiApplication.clipboard().clear()
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == "outlive ls\n\noutlive doctor"


def test_the_beginning_of_a_chapter_stays_visible_when_the_window_becomes_smaller(opened: Opened) -> None:
    window = opened.window
    window.show_chapter("third.md")
    window.page.set_font_size(80)
    QApplication.processEvents()
    window.resize(window.minimumSize())
    QApplication.processEvents()
    assert opened.place[:2] == ("third.md 0", 0)
    assert opened.place[2] >= 0


def test_in_a_narrow_window_the_list_leaves_most_of_the_room_to_the_page(opened: Opened) -> None:
    window, usual = opened.window, opened.window.navigation.width()
    window.resize(500, 600)
    process_events_until(
        lambda: window.width() == 500 and 280 < window.page.width() < 500, WAIT_S, "the list to be narrow"
    )
    window.resize(1200, 600)
    process_events_until(lambda: window.navigation.width() == usual, WAIT_S, "the list to be as before")


def test_the_users_keys_and_font_take_effect_in_the_open_guide(opened: Opened, area: Area) -> None:
    window = opened.window
    window.show_chapter("second.md")
    assert "Ctrl+Shift+F, needle" in opened.shown
    size = window.page.style_.size_px
    (area.config / "keys.toml").write_text('find = "Ctrl+Shift+X"\n')
    (area.config / "window.toml").write_text("font_size = 20\n")
    opened.settings.read_again()
    assert "Ctrl+Shift+X, needle" in opened.shown
    assert window.page.style_.size_px == 20 != size
    opened.press(Qt.Key.Key_Plus, CONTROL)
    assert window.page.style_.size_px == 21
    opened.press(Qt.Key.Key_0, CONTROL)
    assert window.page.style_.size_px == 20


def test_screen_readers_get_each_paragraph_and_a_name_for_each_part(opened: Opened) -> None:
    page = opened.window.page
    opened.window.show_chapter("third.md")
    spoken = [page.spoken(page.rows.row(position)) for position in range(len(page.rows))]
    assert spoken == ["The third", "Short.", ""]
    parts = [
        widget
        for widget in opened.window.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert sorted(widget.accessibleName() for widget in parts) == ["Chapters", "Search the guide", "The third"]


def test_screen_readers_hear_the_number_of_matches(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.window.widgets.paged_window.announce", lambda _widget, text: announced.append(text))
    opened.window.search.setText("needle")
    opened.window.search.setText("needles")
    opened.window.search.setText("")
    assert announced == ["1 of 3", "No matches"]


def test_there_is_one_guide_window_and_it_keeps_its_position(opened: Opened) -> None:
    opened.window.show_chapter("third.md")
    assert opened.opener.open() is opened.window
    assert opened.title == "The third"


def test_the_list_is_wide_enough_for_the_longest_title_of_the_guide(
    theme: Theme, area: Area, window_manager: None
) -> None:
    opened = Opened(theme, area)
    show(opened.window)
    opened.window.resize(opened.window.width(), 500)
    try:
        pages, model = opened.window.navigation, opened.window.navigation.model()
        process_events_until(lambda: pages.verticalScrollBar().isVisible(), WAIT_S, "the list with its scroll bar")
        titles = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
        assert any(len(title) > 30 for title in titles), "these are the titles of the real guide"
        room = pages.visualRect(model.index(0, 0)).width() - GAP_L_PX - GAP_S_PX
        assert max(map(QFontMetrics(font()).horizontalAdvance, titles)) <= room
    finally:
        opened.close()
