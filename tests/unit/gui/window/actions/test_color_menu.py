"""The user marks chats with colours, in the menu of a tab and of rows in the sidebar."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest

from gui.settings.layout import WindowLayout
from gui.theme.tokens import LABEL_COLORS
from session_host.protocol.values import State
from tests.support.menus import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness

PLACE = QPoint(200, 100)


def colors_of(harness: WindowHarness, *session_ids: str) -> dict[str, QAction]:
    """The items of the submenu *Colour* in the menu of one chat, or of several."""
    window, chats = harness.window, [harness.chat(session_id) for session_id in session_ids]
    if len(chats) == 1:
        window.menus.show_for_tab(chats[0], window.mapToGlobal(PLACE))
    else:
        window.menus.show_for_several(chats, window.mapToGlobal(PLACE))
    found = entries_of_open_menu()
    return {text: action for text, action in found.items() if text.lower() in {"none", *LABEL_COLORS}}


def checked(colors: dict[str, QAction]) -> list[str]:
    return [text for text, action in colors.items() if action.isChecked()]


async def test_a_colour_from_the_menu_is_shown_and_spoken_in_tab_and_sidebar(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    bar, model = window.tabs.active.bar, window.sidebar.model
    plain = bar.tabIcon(0).pixmap(16, 16).toImage()
    colors = colors_of(harness, one)
    assert [text.lower() for text in colors] == ["none", *LABEL_COLORS]
    assert checked(colors) == ["None"]
    colors["Green"].trigger()
    harness.settle()
    labelled = bar.tabIcon(0).pixmap(16, 16).toImage()
    assert labelled != plain
    assert labelled.pixelColor(1, 8) == harness.theme.tokens.label_color("green")
    assert "colour green" in bar.accessibleTabName(0)
    assert "colour green" in model.index_of(one).data(Qt.ItemDataRole.AccessibleTextRole)
    assert checked(colors_of(harness, one)) == ["Green"]

    assert checked(colors_of(harness, one, two)) == [], "they have different ones"
    colors_of(harness, one, two)["Pink"].trigger()
    assert checked(colors_of(harness, one, two)) == ["Pink"]
    colors_of(harness, one)["None"].trigger()
    harness.settle()
    assert bar.tabIcon(0).pixmap(16, 16).toImage() == plain
    assert "colour" not in bar.accessibleTabName(0)


async def test_the_palette_opens_the_colours_by_keyboard(harness: WindowHarness) -> None:
    one = await harness.add("one")
    window = harness.open_window()
    harness.show(one)
    window.actions_["choose_color"].trigger()
    chooser = window.sheets.chooser
    QTest.keyClicks(chooser.field, "cyan")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.chat(one).color_label == "cyan"
    window.actions_["choose_color"].trigger()
    marked = chooser.list.currentIndex()
    assert marked.data() == "Cyan"
    QTest.keyClicks(chooser.field, "none")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.chat(one).color_label == ""


async def test_colours_are_kept_in_the_layout_and_follow_a_resumed_chat(harness: WindowHarness) -> None:
    ended, other = await harness.add("one", state=State.EXITED, exit_code=0), await harness.add("two")
    layout = WindowLayout.from_dict({"color_labels": {ended: "red", other: "beige", "gone": "blue"}})
    labels, changes = harness.sessions.color_labels, list[bool]()
    labels.changed.connect(lambda: changes.append(True))
    labels.load(layout.color_labels)
    assert [harness.chat(each).color_label for each in (ended, other)] == ["red", ""], "there is no beige"
    assert layout.to_dict()["color_labels"] == {ended: "red", "gone": "blue"}
    follower = await harness.add("one again", resumed_from=ended)
    harness.chat(ended).record.continued_by = follower
    harness.sessions.changed.emit()
    assert layout.color_labels[follower] == "red"
    assert ended not in layout.color_labels
    assert harness.chat(follower).color_label == "red"
    assert changes
    harness.sessions.forgotten.emit(follower)
    assert layout.color_labels == {"gone": "blue"}
    assert WindowLayout.from_dict({"color_labels": ["red"]}).color_labels == {}
