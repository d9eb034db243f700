"""The guide window in this process: reading, links, going back and search, by keyboard and mouse."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui import wording as wording_package
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import Paragraph
from gui.finding.query import FindQuery, Pattern
from gui.settings import table
from gui.settings.live import LiveSettings
from gui.terminal.links.links import may_open
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX, font
from gui.window import guide
from gui.window.actions import action_table
from gui.window.actions.tab_pages import GuideOpener, changed_keys, keys_in_guide
from gui.window.guide import GUIDE, Chapter, GuideTab, joined, read_chapters, with_keys
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.qt_waiting import delete_now, process_events_until, show
from tests.support.tab_pages import ShownAlone
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

ATTACH = "Chats on other machines, over SSH"
PANES = "Side by side: panes, tabs, windows"
WORDS = {
    "terminal": "The terminal",
    "restore": "Restore files",
    "export": "Search and export",
    "paste": "The terminal",
    "resume": "Resume, continue, fork",
    "fork": "Resume, continue, fork",
    "kill": "Stop, kill and remove chats",
    "upgrade": "Install and upgrade",
    "fonts": "Themes and fonts",
    "broadcast": PANES,
    "split pane": PANES,
    "mute": "Notifications",
    "recordings": "Search and export",
    "images": "What programs can show",
    "ssh": ATTACH,
    "comment": "Changes",
}
"""Words that one types into the real guide, with the page that comes first."""


class Opened:
    """The open guide, its settings, and the links that it passed to the desktop."""

    def __init__(self, theme: Theme, area: Area) -> None:
        self.settings = LiveSettings(area.config)
        self.links: list[str] = []
        self._alone = ShownAlone(1120, 760)
        self.opener = GuideOpener(theme, self.settings, self.links.append)
        self._alone.make = lambda _key: self.opener.make()
        self.opener.wanted.connect(self._alone.show)
        self.window: GuideTab = self.opener.open()

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
        place = (QPointF(page.column_left, each.top) + link.area.center()).toPoint()
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
        self._alone.close()
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
    assert opened.opener.page is None


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
    assert seen == [("The first", "1 of 3"), ("The first", "2 of 3"), ("The second", "3 of 3"), ("The first", "1 of 3")]
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
            opened.window.search.setText(typed)
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


@pytest.mark.parametrize(
    ("key", "shift"), [(Qt.Key.Key_Plus, True), (Qt.Key.Key_Plus, False), (Qt.Key.Key_Equal, False)]
)
def test_ctrl_plus_makes_the_text_larger_also_where_plus_needs_shift(
    opened: Opened, key: Qt.Key, *, shift: bool
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    usual_px = opened.window.page.style_.size_px
    opened.press(key, control | Qt.KeyboardModifier.ShiftModifier if shift else control)
    assert opened.window.page.style_.size_px == usual_px + 1
    opened.press(Qt.Key.Key_0, control)
    assert opened.window.page.style_.size_px == usual_px


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
    monkeypatch.setattr("gui.window.widgets.paged_tab.announce", lambda _widget, text: announced.append(text))
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


pytestmark = pytest.mark.usefixtures("qapp")
"""The application has the names of keys."""
ARROWS = ["Left", "Right", "Up", "Down"]
SEVERAL_KEYS = {
    "arrow": ARROWS,
    "arrows": ARROWS,
    "←": ["Left"],
    "→": ["Right"],
    "↑": ["Up"],
    "↓": ["Down"],
    "letter": list(string.ascii_uppercase),
    "digit": list(string.digits),
    "number": list(string.digits),
}
"""Words that texts use for several keys, with the names of these keys."""


MADE_OF_SEVERAL_TEXTS = {
    "Continue at 15:02…",
    "End the chat",
    "Send text to … chats…",
    "Start anyway",
    "Take back at line 120?",
}
"""Names in the guide that ``gui/wording`` puts together from several texts."""


def short_forms(text: str, keys: Collection[str]) -> list[str]:
    """Find abbreviated keys in a text, such as "Shift+Up/Down", outside of code."""
    other = r"(?:/|…|–|, | and | or | to )(?!\w+\+)(?:\w+|\S)"
    written = re.compile(rf"(?P<modifiers>(?:(?:Ctrl|Alt|Shift)\+)+)(?P<name>\w+|\S)(?P<others>(?:{other})*)")
    found = []
    for match in written.finditer(re.sub("```.*?```|`[^`\n]*`", "`", text, flags=re.DOTALL)):
        words = re.findall(r"\w+|[←→↑↓]", match["others"])
        names = words + [name for word in (match["name"], *words) for name in SEVERAL_KEYS.get(word, [])]
        if any(match["modifiers"] + name in keys for name in names):
            found.append(match[0])
    return found


def test_every_page_is_a_chapter_and_five_minutes_come_first() -> None:
    chapters = read_chapters({})
    assert {chapter.name for chapter in chapters} == {path.name for path in GUIDE.glob("*.md")}
    assert [chapter.title for chapter in chapters[:2]] == ["Five minutes", "Start a chat"]


def test_the_list_of_pages_calls_each_page_by_its_title() -> None:
    index, *chapters = read_chapters({})
    listed = re.findall(r"\[([^]]+)\]\((\S+?)\)", index.text)
    assert [(title, name) for title, name in listed] == [(chapter.title, chapter.name) for chapter in chapters]


def test_every_link_leads_to_a_chapter_or_a_web_page() -> None:
    chapters = read_chapters({})
    names = {chapter.name for chapter in chapters}
    targets = {
        target for chapter in chapters for target in re.findall(r"\]\(([^)\s]+)\)", re.sub("`[^`]*`", "", chapter.text))
    }
    assert "settings.md" in targets
    assert not {target for target in targets if target.partition("#")[0] not in names and not may_open(target)}


def test_names_of_actions_and_settings_in_the_guide_are_those_of_the_window() -> None:
    """Names in italics are compared with the window's texts."""
    files = (*Path(wording_package.__file__).parent.glob("*.py"), Path(action_table.__file__), Path(table.__file__))
    wording = "".join(path.read_text("utf-8") for path in files)
    unknown = {
        name
        for chapter in read_chapters({})
        for name in re.findall(
            r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", re.sub("```.*?```|`[^`]*`", "", chapter.text, flags=re.DOTALL)
        )
        if " ".join(name.split()).replace("…", "") not in wording.replace("…", "")
    }
    assert not unknown - MADE_OF_SEVERAL_TEXTS, "correct these names in resources/guide"


def test_a_chapter_in_blocks_has_the_same_text_as_a_whole_one() -> None:
    for chapter in read_chapters({}):
        whole = [segment.text for segment in MarkdownText().segments(joined(chapter.text))]
        assert [text for _, _, text in chapter._texts] == whole
        assert len({block.id for block in chapter.blocks}) == len(chapter.blocks) > 1


def test_a_paragraph_breaks_where_the_window_ends_not_where_the_line_of_its_file_does() -> None:
    text = "# T\n\nOne **line\nand** its end.\n\n- item\n  goes on\n- other\n\n```\none\n\ntwo\n```\n\n    a\n    b"
    shown = ["T", "One line and its end.", "item goes on", "other", "one\n\ntwo", "a\nb"]
    assert [text for _, _, text in Chapter("t.md", "T", text)._texts] == shown
    segments = [one for each in read_chapters({}) for one in MarkdownText().segments(joined(each.text))]
    assert not [each.text for each in segments if isinstance(each, Paragraph) and "\n" in each.text]


def test_matches_are_in_the_order_of_the_text_also_in_tables_and_code() -> None:
    chapter = next(chapter for chapter in read_chapters({}) if chapter.name == "settings.md")
    matches = chapter.matches(Pattern(FindQuery("outlive")))
    order = [block.id for block in chapter.blocks]
    places = [(order.index(match.block), match.segment, match.begin) for match in matches]
    assert len(places) > 3
    assert all(one < other for one, other in pairwise(places))


def test_the_users_keys_replace_the_default_ones_except_in_code() -> None:
    overrides = {
        "find": ["Ctrl+Shift+K"],  # so that "switch_chat" loses it
        "scroll_page_up": ["Shift+PgDown"],
        "scroll_page_down": ["Shift+PgUp"],
        "zoom_in": ["F7"],
        "settings": ["Ctrl+."],
        "select_by_keyboard": [],
        "no such action": ["F5"],
    }
    keys = changed_keys(overrides)
    text = (
        "Ctrl+Shift+F, Ctrl+Shift+K; Shift+PageUp (Shift+PageDown), **Ctrl+Shift+PageUp**, Ctrl+Plus, Ctrl+, and "
        "Ctrl+Shift+Space. Ctrl+Shift+Fn `Ctrl+Shift+F`\n\n```\nfind = Ctrl+Shift+F\n```\nCtrl+Shift+F"
    )
    assert with_keys(text, keys) == (
        "Ctrl+Shift+K, “Switch to a chat…”; Shift+PageDown (Shift+PageUp), **Ctrl+Shift+PageUp**, F7, Ctrl+. and "
        "“Select by keyboard”. Ctrl+Shift+Fn `Ctrl+Shift+F`\n\n```\nfind = Ctrl+Shift+F\n```\nCtrl+Shift+K"
    )


def test_chapters_never_abbreviate_keys_so_that_the_users_can_replace_them() -> None:
    keys = changed_keys({entry.name: [] for entry in action_table.TABLE})
    short = (
        "Shift+PageUp/PageDown, Alt+1…9; Alt+Shift+arrow, Ctrl+Shift+↑ or Ctrl+Shift+D and E, Ctrl+Shift+P",
        ["Shift+PageUp/PageDown", "Alt+1…9", "Alt+Shift+arrow", "Ctrl+Shift+↑", "Ctrl+Shift+D and E"],
    )
    whole = "Ctrl+Shift+D, Ctrl+Shift+E; Alt+1 to Alt+9, Ctrl+, or Ctrl+letter, `Shift+Up/Down`"
    assert short_forms(short[0], keys) == short[1]
    assert short_forms(whole, keys) == []
    found = {chapter.name: short_forms(chapter.text, keys) for chapter in read_chapters({})}
    assert {name: places for name, places in found.items() if places} == {}


def test_the_page_of_the_keys_has_every_action_with_the_keys_that_it_has_now() -> None:
    keys = keys_in_guide({"find": ["F7"], "settings": [], "zoom_in": ["Ctrl++", "F8"]})
    page = next(chapter.text for chapter in read_chapters(keys) if chapter.name == "keys.md")
    rows = re.findall(r"^\| (.+) \| (.*) \| `(\w+)` \|$", page, flags=re.MULTILINE)
    assert [(title, name) for title, _, name in rows] == [(entry.title, entry.name) for entry in action_table.TABLE]
    shown = {name: shown for _, shown, name in rows}
    assert (shown["find"], shown["settings"], shown["zoom_in"]) == ("F7", "", "Ctrl+Plus, F8")
    assert shown["split_right"] == "Ctrl+Shift+D"


def test_unchanged_keys_change_no_text() -> None:
    assert changed_keys({}) == {}
    assert changed_keys({"find": ["Ctrl+Shift+F", "F3"]}) == {}
    assert with_keys("Ctrl+Shift+F", {}) == "Ctrl+Shift+F"
