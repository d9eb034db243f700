"""Broadcast: text typed in one pane goes to the other panes, and never answers another agent's question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.terminal.view import TerminalView
from gui.window.page.chat_page import ChatPage
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.values import Activity
from tests.unit.gui.conftest import FakeViewer, WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def typed(viewer: FakeViewer) -> list[Any]:
    """Return what a program got since the last call: texts of keys, texts and pastes."""
    found = [
        call[2] if call[0] == "key" else call[1]
        for call in viewer.calls
        if call[0] in {"text", "paste"} or (call[0] == "key" and call[4].name == "PRESS" and call[2])
    ]
    viewer.calls.clear()
    return found


def mark(page: ChatPage) -> str:
    """The text of a page's mark; "" for none."""
    widget = page.bars.broadcast.widget
    return widget.text.accessibleName() if widget is not None and widget.isVisible() else ""


class PanesHarness:
    """Panes side by side, each with a running chat."""

    def __init__(self, harness: WindowHarness) -> None:
        self.harness = harness
        self.viewers: list[FakeViewer] = []
        self.pages: list[ChatPage] = []
        self.views: list[TerminalView] = []

    async def open(self, count: int) -> None:
        window = self.harness.open_window()
        window.resize(1200, 700)
        for number in range(count):
            session_id = await self.harness.add(f"chat {number}", agent="claude")
            if number:
                window.tabs.panes.mirror("right")
            self.viewers.append(self.harness.show(session_id))
            self.pages.append(self.harness.page)
            self.views.append(self.harness.view)
        window.activateWindow()
        await self.focus(0)
        for viewer in self.viewers:
            viewer.calls.clear()

    async def focus(self, number: int) -> None:
        self.pages[number].focus_content()
        await self.harness.until(self.views[number].hasFocus, "the pane to have the keyboard")

    def type(self, text: str) -> list[list[Any]]:
        """Type a text; returns the input of each program."""
        where = QApplication.focusWidget()
        assert where is not None
        QTest.keyClicks(where, text)
        return self.got()

    def got(self) -> list[list[Any]]:
        self.harness.settle()
        return [typed(viewer) for viewer in self.viewers]

    def toggle(self) -> None:
        self.harness.window.actions_["broadcast"].trigger()
        self.harness.settle()


async def test_keys_texts_and_pastes_go_to_all_panes_until_it_is_switched_off(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(3)
    assert panes.type("a") == [["a"], [], []]
    panes.toggle()
    assert [mark(page) for page in panes.pages] == ["Typed into 3 panes", "Typed here, too", "Typed here, too"]
    assert panes.type("ls") == [["l", "s"]] * 3
    panes.views[0].input_method.commit("ü")
    assert panes.got() == [["ü"]] * 3
    await panes.focus(2)
    assert [mark(page) for page in panes.pages] == ["Typed here, too", "Typed here, too", "Typed into 3 panes"]
    assert panes.type("x") == [["x"]] * 3
    # Keys of the window and mouse clicks are not sent to programs.
    QTest.keyClick(panes.views[2], Qt.Key.Key_F, CTRL_SHIFT)
    panes.pages[2].bars.find.get().hide()
    QTest.mouseClick(panes.views[2], Qt.MouseButton.LeftButton)
    assert not [call for viewer in panes.viewers[:2] for call in viewer.calls if call[0] == "mouse"]
    panes.got()
    panes.toggle()
    assert [mark(page) for page in panes.pages] == ["", "", ""]
    await panes.focus(0)
    assert panes.type("b") == [["b"], [], []]


async def test_a_paste_is_asked_about_once_if_any_program_would_run_its_lines(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(2)
    panes.toggle()
    for viewer in panes.viewers:
        viewer.feed(b"\x1b[?2004h")
    QGuiApplication.clipboard().setText("one\ntwo\n")
    panes.views[0].editing.paste()
    assert panes.got() == [["one\ntwo\n"]] * 2, "both programs use bracketed paste"
    assert panes.viewers[1].replica.emulator is not None
    panes.viewers[1].replica.emulator.feed(b"\x1b[?2004l")
    panes.views[0].editing.paste()
    assert panes.got() == [[], []]
    assert [page.is_question_open for page in panes.pages] == [True, False]
    question = panes.pages[0].question
    assert question.detail.text().startswith("It is pasted into 2 panes.")
    question.yes.click()
    assert panes.got() == [["one\ntwo\n"]] * 2


async def test_a_files_path_is_not_pasted_into_several_machines(harness: WindowHarness, tmp_path: Path) -> None:
    panes = PanesHarness(harness)
    await panes.open(2)
    panes.toggle()
    (tmp_path / "a.txt").touch()
    path, file, picture = str(tmp_path / "a.txt"), QMimeData(), QMimeData()
    file.setUrls([QUrl.fromLocalFile(path)])
    picture.setImageData(QImage(1, 1, QImage.Format.Format_RGB32))
    panes.views[0].pasting.paste_data(file)
    assert panes.got() == [[f"{path} "]] * 2
    panes.views[1].recipients.machine = "alpha"
    for paste in (
        lambda: panes.views[0].pasting.paste_data(file),
        lambda: panes.views[0].pasting.paste_data(picture),
        lambda: panes.views[1].pasting.paste_files([path]),
    ):
        harness.window.banners.dismiss()
        paste()
        assert panes.got() == [[], []]
        assert harness.banner == "Not pasted: panes of other machines have no such file; stop broadcasting first"
    panes.toggle()
    panes.views[0].pasting.paste_data(file)
    assert panes.got() == [[f"{path} "], []]


async def test_an_agents_question_is_answered_only_in_its_own_pane(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(3)
    panes.toggle()
    panes.viewers[1].be(Activity.NEEDS_INPUT, detail="Run rm -rf?")
    assert panes.type("1") == [["1"], [], ["1"]]
    assert mark(panes.pages[1]) == "Not typed here: needs your answer"
    assert mark(panes.pages[0]) == "Typed into 2 panes"
    await panes.focus(1)
    assert panes.type("y") == [[], ["y"], []], "the answer is only for this agent"
    assert [mark(page) for page in panes.pages] == [
        "Not typed here now",
        "Your answer is typed only here",
        "Not typed here now",
    ]
    panes.viewers[1].be(Activity.IDLE)
    assert panes.type("z") == [["z"]] * 3
    # A chat without a connection gets nothing, not even later.
    panes.viewers[2].become(ViewerState.CONNECTING)
    assert panes.type("q") == [["q"], ["q"], []]


async def test_a_pane_leaves_the_broadcast_when_it_is_removed_or_shows_another_tab(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(4)
    panes.toggle()
    panes.pages[3].bars.broadcast.get().close_button.click()
    assert panes.type("a") == [["a"], ["a"], ["a"], []]
    assert mark(panes.pages[3]) == ""
    await panes.focus(3)
    assert panes.type("b") == [[], [], [], ["b"]], "keys in a removed pane go only there"
    await panes.focus(2)
    session_id = await harness.add("other")
    harness.show(session_id)
    other = harness.page
    view = harness.view
    await panes.focus(0)
    assert panes.type("c") == [["c"], ["c"], [], []]
    other.focus_content()
    await harness.until(view.hasFocus, "the pane to have the keyboard")
    harness.window.open_chat(panes.pages[2].chat)
    await panes.focus(0)
    assert panes.type("d") == [["d"], ["d"], [], []], "it does not come back by itself"
    panes.viewers[1].end(exit_code=0)
    assert panes.type("e")[:3] == [["e"], [], []]
    assert harness.banner == "What you type goes to one pane again"
    assert [mark(page) for page in panes.pages] == [""] * 4


async def test_one_pane_alone_and_panes_that_are_covered_do_not_broadcast(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(2)
    harness.window.tabs.panes.maximise()
    panes.toggle()
    assert harness.banner == "Show two or more running terminals side by side first"
    harness.window.tabs.panes.maximise()
    panes.toggle()
    assert panes.type("a") == [["a"], ["a"]]
    harness.window.tabs.panes.maximise()
    await panes.focus(0)
    assert panes.type("b") == [["b"], []], "nothing is typed where the user does not see it"
    assert harness.banner == "What you type goes to one pane again"


async def test_the_marks_cover_no_output(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(2)
    before = [viewer.size.rows for viewer in panes.viewers]

    def lost() -> list[int]:
        return [rows - viewer.size.rows for rows, viewer in zip(before, panes.viewers, strict=True)]

    panes.toggle()
    await harness.until(lambda: all(rows in {1, 2} for rows in lost()), "lower terminals")
    for page, view in zip(panes.pages, panes.views, strict=True):
        mark = page.bars.broadcast.get()
        assert page.rect().contains(mark.geometry())
        assert not mark.geometry().intersects(view.geometry())
    panes.toggle()
    await harness.until(lambda: lost() == [0, 0], "the previous sizes")


async def test_messages_do_not_cover_the_marks(harness: WindowHarness) -> None:
    panes = PanesHarness(harness)
    await panes.open(2)
    banners = harness.window.banners
    banners.inform("a long line that lies over more than one pane of the window " * 2)
    panes.toggle()
    harness.settle()
    marks = [page.bars.broadcast.get() for page in panes.pages]
    assert banners.isVisible()
    for each in marks:
        assert each.isVisible()
        assert not QRect(each.mapToGlobal(QPoint()), each.size()).intersects(
            QRect(banners.mapToGlobal(QPoint()), banners.size()).adjusted(6, 6, -6, -6)
        )
