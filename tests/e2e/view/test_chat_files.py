"""File names in a chat open in the editor, as in a terminal, on a real X server."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.bridge.named_files import FilesHere
from gui.chat.page import pointing
from gui.terminal.links.links import LinkRules
from session_host.client.chats.named_files import directories_of
from session_host.protocol.values import FileLocation
from session_host.structured.items import FileChange
from tests.support.chat_view_harness import WAIT_S, ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat
from tests.support.windows import xdotool

EXISTING = ("gui/app.py", "docs/ä.md", "docs/log")
CONTROL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


def move(shown: ChatViewHarness, point: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    page, place = shown.view.page, QPointF(point)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, place, page.mapToGlobal(place), none, none, modifiers)
    QApplication.sendEvent(page, event)


def click(shown: ChatViewHarness, point: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(shown.view.page, Qt.MouseButton.LeftButton, modifiers, point)
    shown.settle()


def opened(shown: ChatViewHarness, count: int) -> list[FileLocation]:
    """Wait until ``count`` files were opened, and return all."""
    process_events_until(lambda: len(shown.emitted("file_requested")) >= count, WAIT_S, "the file to be opened")
    return [values[0] for values in shown.emitted("file_requested")]


def wait_until_looked_up(shown: ChatViewHarness, *names: str) -> None:
    """Wait until these names were looked up as files."""
    paths = shown.view.page.names
    process_events_until(lambda: all(paths.path_of(name) is not None for name in names), WAIT_S, "the lookup")


@pytest.fixture
def files(show_chat: ShowChat, tmp_path: Path) -> ChatViewHarness:
    """A chat that names files (gui/missing.py does not exist), with the pointer outside of the view."""
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())
    for name in ("gui/app.py", "docs/ä.md", "docs/log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    chat = ScriptedChat()
    chat.put("user", "Look at gui/app.py:3", status="done")
    chat.put("tool", tool="read", title="Read gui/app.py", text="The text.", status="done")
    chat.put(
        "tool", tool="edit", changes=(FileChange(f"{tmp_path}/gui/app.py", "@@ -7 +7 @@\n-a\n+b\n"),), status="done"
    )
    chat.put(
        "agent",
        "ö 𝄞 In `docs/ä.md:12:3` and `os.path` and gui/missing.py.\n\n```\ndocs/log:5: error\n```\n",
        status="done",
    )
    shown = show_chat(chat, str(tmp_path))
    shown.click(shown.control("fold_turn"))
    shown.view.prompt.editor.setFocus()
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())
    return shown


def test_ctrl_click_on_a_file_name_opens_the_file(files: ChatViewHarness) -> None:
    wait_until_looked_up(files, *EXISTING)
    for number, (text, file) in enumerate(
        (
            ("Read gui/app.py", FileLocation("gui/app.py")),
            ("gui/app.py:3", FileLocation("gui/app.py", 3)),
            ("docs/ä.md:12:3", FileLocation("docs/ä.md", 12, 3)),
            ("docs/log:5: error", FileLocation("docs/log", 5)),
        ),
        1,
    ):
        click(files, files.point_of(text, within=8), CONTROL)
        assert opened(files, number)[-1] == file
    click(files, files.control("file"))
    assert opened(files, 5)[-1].line == 7, "the button in the head of the diff"
    wait_until_looked_up(files, "gui/missing.py", "os.path")
    for text in ("gui/missing.py", "os.path"):
        click(files, files.point_of(text), CONTROL)
    assert len(opened(files, 5)) == 5, "these are no files"
    assert "The text." not in files.shown()
    click(files, files.point_of("Read gui/app.py", within=8))
    assert "The text." in files.shown(), "a plain click unfolds the tool call"
    assert len(opened(files, 5)) == 5


def test_a_click_during_the_lookup_opens_the_file_after_it(
    files: ChatViewHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pointing, "OPENS_WITHIN_S", WAIT_S)
    is_free = Event()
    directories = directories_of(files.view.prompt.completion.files.directory)
    files.view.page.names.find_by(FilesHere(lambda: directories if is_free.wait(WAIT_S) else ()))
    click(files, files.point_of("docs/log:5: error"), CONTROL)  # No name in code was looked up before.
    assert not files.emitted("file_requested")
    is_free.set()
    assert opened(files, 1) == [FileLocation("docs/log", 5)]


def test_the_setting_for_links_decides_whether_a_plain_click_opens_a_file(files: ChatViewHarness) -> None:
    wait_until_looked_up(files, *EXISTING)
    place = files.point_of("Read gui/app.py", within=8)
    files.view.set_links(LinkRules("click"))
    click(files, place)
    assert opened(files, 1) == [FileLocation("gui/app.py")]
    for rules in (LinkRules("never"), LinkRules("click", files=False)):
        files.view.set_links(rules)
        click(files, place, CONTROL)
        click(files, place)
    assert len(opened(files, 1)) == 1


def test_the_pointer_shows_what_a_click_would_open(files: ChatViewHarness) -> None:
    page = files.view.page
    wait_until_looked_up(files, *EXISTING, "gui/missing.py")
    place = files.point_of("docs/ä.md:12:3", within=3)
    move(files, place)
    assert page.cursor().shape() == Qt.CursorShape.IBeamCursor
    move(files, place, CONTROL)
    assert page.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert page.control_name(page.hovered) == "Open docs/ä.md:12:3 in your editor"
    move(files, files.point_of("gui/missing.py", within=3), CONTROL)
    assert page.cursor().shape() == Qt.CursorShape.IBeamCursor
    menu = page.context_menu.build(QPointF(place))
    items = {action.text(): action for action in menu.actions()}
    items["Copy path"].trigger()
    assert QGuiApplication.clipboard().text().endswith("/docs/ä.md:12:3")
    items["Open file"].trigger()
    assert Path(opened(files, 1)[0].path).is_absolute()
    menu.close()


def test_ctrl_shows_the_link_under_the_pointer_at_once(files: ChatViewHarness) -> None:
    page = files.view.page
    wait_until_looked_up(files, *EXISTING)
    assert files.view.prompt.editor.hasFocus()
    point = files.point_of("docs/ä.md:12:3", within=3)
    xdotool("mousemove", "--window", str(int(files.view.winId())), str(point.x()), str(point.y()))
    process_events_until(lambda: page.cursor().shape() == Qt.CursorShape.IBeamCursor, WAIT_S, "the pointer's arrival")
    try:
        xdotool("keydown", "Control_L")
        process_events_until(lambda: page.hovered is not None, WAIT_S, "the link to be shown")
        assert page.cursor().shape() == Qt.CursorShape.PointingHandCursor
    finally:
        xdotool("keyup", "Control_L")
    process_events_until(lambda: page.hovered is None, WAIT_S, "the link to be text again")
    assert page.cursor().shape() == Qt.CursorShape.IBeamCursor
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())
    process_events_until(lambda: not page.underMouse(), WAIT_S, "the pointer to leave")
    assert page.pointer._key_source is None


def test_tab_stops_at_the_names_of_existing_files_and_enter_opens_them(files: ChatViewHarness) -> None:
    page = files.view.page
    page.setFocus()
    wait_until_looked_up(files, *EXISTING, "gui/missing.py", "os.path")
    stops = []
    while page.hasFocus():
        files.press(Qt.Key.Key_Tab)
        if page.focused is None:
            break
        stops.append(page.control_name(page.focused))
        if "docs/" in stops[-1]:
            files.press(Qt.Key.Key_Return)
    names = [stop for stop in stops if stop.startswith("Open ") and "the file" not in stop]
    assert names == [
        f"Open {name} in your editor" for name in ("gui/app.py:3", "gui/app.py", "gui/app.py", "docs/ä.md:12:3")
    ]
    assert opened(files, 1) == [FileLocation("docs/ä.md", 12, 3)]
