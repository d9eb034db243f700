"""The session receives pastes, drops, texts of input methods and resizes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QClipboard, QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.terminal.cell_metrics import CellMetrics
from gui.theme.terminal import TerminalFont
from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.protocol.values import MIN_COLUMNS, MIN_ROWS, GridSize
from tests.e2e.view.conftest import FONT, ShownView, colors_in

SHIFT = Qt.KeyboardModifier.ShiftModifier


def pasted(terminal: ShownView, text: str) -> tuple[list[str], list[str], list[str]]:
    """Paste a text; returns the texts that reached the session, the questions, and the notices."""
    asked: list[str] = []
    messages: list[str] = []
    terminal.view.pasting.confirmation_needed.connect(asked.append)
    terminal.view.notice.connect(messages.append)
    terminal.sink.calls.clear()
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(terminal.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert terminal.sink.presses() == []
    return [text for (text,) in terminal.sink.of("paste")], asked, messages


def test_a_line_is_pasted_at_once(show_view):
    assert pasted(show_view(), "one line") == (["one line"], [], [])


@pytest.mark.parametrize("held", [SHIFT, SHIFT | Qt.KeyboardModifier.ControlModifier])
def test_shift_insert_pastes_the_selected_text_else_the_clipboard(show_view, held):
    terminal = show_view()
    QGuiApplication.clipboard().setText("copied")
    for selected in ("selected", ""):
        QGuiApplication.clipboard().setText(selected, QClipboard.Mode.Selection)
        QTest.keyClick(terminal.view, Qt.Key.Key_Insert, held)
    assert terminal.sink.of("paste") == [("selected",), ("copied",)]


def test_risky_texts_need_a_confirmation_and_line_ends_only_without_bracketed_paste(show_view):
    terminal = show_view()
    assert pasted(terminal, "rm -rf x\n") == ([], ["rm -rf x\n"], [])
    terminal.view.pasting.paste_confirmed("rm -rf x\n")
    assert terminal.sink.of("paste") == [("rm -rf x\n",)]
    terminal.feed("\x1b[?2004h")
    assert pasted(terminal, "a\nb\n")[:2] == (["a\nb\n"], [])
    assert pasted(terminal, "a\x1b[201~b")[:2] == ([], ["a\x1b[201~b"])


def test_a_paste_that_is_too_long_is_reported_and_not_cut(show_view):
    sent, asked, messages = pasted(show_view(), "x" * (MAX_WHOLE_PASTE_CHARACTERS + 1))
    assert (sent, asked) == ([], [])
    assert f"{MAX_WHOLE_PASTE_CHARACTERS:,}" in messages[0]


def test_nothing_is_pasted_into_a_read_only_screen(show_view):
    terminal = show_view()
    terminal.view.display.show_emulator(terminal.emulator)
    QGuiApplication.clipboard().setText("text")
    terminal.view.editing.paste()
    assert terminal.sink.of("paste") == []


def drop(
    terminal: ShownView, data: QMimeData, possible: Qt.DropAction = Qt.DropAction.CopyAction
) -> list[Qt.DropAction]:
    """Drop data; returns the actions of the accepted events. The drag's source gets the last one."""
    place, none = terminal.point(3, 3), Qt.KeyboardModifier.NoModifier
    events: list[QDropEvent] = [
        QDragEnterEvent(place, possible, data, Qt.MouseButton.LeftButton, none),
        QDropEvent(place.toPointF(), possible, data, Qt.MouseButton.LeftButton, none),
    ]
    accepted = []
    for event in events:
        QApplication.sendEvent(terminal.view, event)
        if not event.isAccepted():
            break
        accepted.append(event.dropAction())
    return accepted


def two_files() -> QMimeData:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/a picture.png"), QUrl.fromLocalFile("/tmp/b.txt")])
    return files


def test_files_copied_in_a_file_manager_are_pasted_as_paths(show_view):
    terminal = show_view()
    QGuiApplication.clipboard().setMimeData(two_files())
    terminal.view.editing.paste()
    assert terminal.sink.of("paste") == [("'/tmp/a picture.png' /tmp/b.txt ",)]


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_copied_image_goes_to_the_window_but_its_text_is_pasted_if_it_has_one(show_view, is_dropped):
    """A copied image has no text; office programs copy a text also as an image."""
    terminal = show_view()
    given: list[QImage] = []
    terminal.view.pasting.image_pasted.connect(given.append)
    for text in ("", "a cell"):
        data = QMimeData()
        data.setImageData(QImage(3, 2, QImage.Format.Format_RGB32))
        if text:
            data.setText(text)
        if is_dropped:
            assert drop(terminal, data)
        else:
            QGuiApplication.clipboard().setMimeData(data)
            terminal.view.editing.paste()
    assert [image.width() for image in given] == [3]
    assert terminal.sink.of("paste") == [("a cell",)]


@pytest.mark.parametrize(("kind", "notice"), [("image/png", "can’t be read"), ("application/x-other", "nothing")])
def test_what_cannot_be_pasted_is_said(show_view, kind, notice):
    terminal = show_view()
    messages: list[str] = []
    terminal.view.notice.connect(messages.append)
    data = QMimeData()
    data.setData(kind, b"\x00")
    if kind == "image/png":
        data.setImageData(QImage())
    QGuiApplication.clipboard().setMimeData(data)
    terminal.view.editing.paste()
    assert notice in messages[0]


def test_dropped_files_are_pasted_as_paths_and_dropped_text_as_text(show_view):
    terminal = show_view()
    drop(terminal, two_files())
    words = QMimeData()
    words.setText("two words")
    drop(terminal, words)
    assert terminal.sink.of("paste") == [("'/tmp/a picture.png' /tmp/b.txt ",), ("two words",)]


@pytest.mark.parametrize(
    ("possible", "accepted"),
    [
        (Qt.DropAction.MoveAction | Qt.DropAction.CopyAction, Qt.DropAction.CopyAction),
        (Qt.DropAction.MoveAction | Qt.DropAction.LinkAction, Qt.DropAction.LinkAction),
        (Qt.DropAction.MoveAction, None),
    ],
)
def test_text_dropped_from_an_editor_is_not_deleted_there(show_view, possible, accepted):
    """An editor deletes a text that was moved; Qt proposes a move if no key is held."""
    terminal = show_view()
    words = QMimeData()
    words.setText("two words")
    assert drop(terminal, words, possible) == ([accepted] * 2 if accepted else [])
    assert terminal.sink.of("paste") == ([("two words",)] if accepted else [])


# ---------------------------------------------------------------- input methods


def test_committed_text_is_sent_as_text(show_view):
    terminal = show_view()
    event = QInputMethodEvent("", [])
    event.setCommitString("日本")
    QApplication.sendEvent(terminal.view, event)
    assert terminal.sink.of("text") == [("日本",)]


def test_composed_text_is_shown_at_the_cursor_and_sent_only_when_committed(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.feed("\x1b[?25labc")
    before = terminal.image()
    QApplication.sendEvent(terminal.view, QInputMethodEvent("にほん", []))
    terminal.settle()
    assert terminal.sink.of("text") == []
    assert len(colors_in(terminal.cell_image(3, 0, 6))) > 2
    rect = terminal.view.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    assert rect.left() == 8 + 3 * terminal.cell.width_px
    QApplication.sendEvent(terminal.view, QInputMethodEvent("", []))
    terminal.settle()
    assert terminal.image() == before


def test_composed_text_at_the_right_edge_stays_visible(show_view):
    terminal = show_view(20, 5)
    terminal.focus()
    terminal.feed("\x1b[?25l\x1b[1;20H")
    QApplication.sendEvent(terminal.view, QInputMethodEvent("にほん", []))
    terminal.settle()
    assert len(colors_in(terminal.cell_image(13, 0, 6))) > 2


# ---------------------------------------------------------------- sizes


def test_the_size_is_reported_once_when_the_view_is_shown(show_view):
    terminal = show_view(60, 12)
    assert terminal.sink.of("resize") == [(GridSize(60, 12), terminal.cell)]


def test_a_new_size_is_reported_once_it_has_settled(show_view, qapp):
    """In a parent widget, because a window manager may change the sizes of windows."""
    terminal = show_view(60, 12)
    frame = QWidget()
    frame.resize(1200, 600)
    terminal.view.setParent(frame)
    frame.show()
    terminal.view.show()
    terminal.settle()
    sizes: list[GridSize] = []
    terminal.view.sizing.grid_resized.connect(lambda size, cell: sizes.append(size))
    width = terminal.view.width()
    for step in range(1, 21):
        terminal.view.resize(width + step * terminal.cell.width_px, terminal.view.height())
    assert sizes == []
    terminal.until(lambda: sizes, "the size to be told")
    assert sizes == [GridSize(80, 12)]
    assert terminal.sink.of("resize")[-1][0] == GridSize(80, 12)
    terminal.view.setParent(None)
    frame.close()


def test_a_viewer_set_while_hidden_gets_the_size_when_the_view_is_shown(show_view):
    terminal = show_view(60, 12)
    terminal.view.hide()
    terminal.sink.calls.clear()
    terminal.view.display.set_viewer(terminal.sink)
    assert terminal.sink.of("resize") == []
    terminal.view.show()
    assert terminal.sink.of("resize") == [(GridSize(60, 12), terminal.cell)]


def test_a_tiny_window_reports_at_least_the_minimum_size(show_view):
    terminal = show_view()
    terminal.view.resize(60, 40)
    terminal.until(lambda: terminal.sink.of("resize")[-1][0] == GridSize(MIN_COLUMNS, MIN_ROWS), "the floors")


def test_zooming_changes_the_grid_at_once(show_view):
    terminal = show_view(60, 12)
    terminal.view.sizing.zoom(4)
    size, cell = terminal.sink.of("resize")[-1]
    assert size.columns < 60
    assert cell == terminal.cell


def test_the_view_in_use_takes_its_size_back(show_view):
    """Another viewer with another size was in use in between."""
    terminal = show_view(60, 12)
    terminal.emulator.resize(GridSize(80, 30), terminal.cell)
    terminal.feed("x")
    terminal.sink.calls.clear()
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    assert terminal.sink.of("resize") == [(GridSize(60, 12), terminal.cell)]


def test_a_view_without_a_replica_reports_its_size(show_view):
    terminal = show_view(60, 12)
    terminal.sink.replica.emulator = None
    terminal.view.display.on_replaced()
    terminal.view.sizing.zoom(2)
    assert terminal.sink.of("resize")[-1][1] == terminal.cell


def test_the_cell_size_is_an_integer_number_of_pixels_at_any_scale(qapp):
    for ratio in (1.0, 1.25, 1.5, 1.75, 2.0, 3.0):
        for size_px in (9, 11, 13, 16, 22):
            metrics = CellMetrics(FONT, size_px, ratio)
            assert isinstance(metrics.width, int)
            assert metrics.ascent < metrics.height
            assert all(metrics.exact), f"text at {size_px} px and scale {ratio} is drawn cell by cell"


def test_a_proportional_family_is_not_used(qapp):
    assert CellMetrics(TerminalFont("DejaVu Sans"), 13, 1.0).family != "DejaVu Sans"
    assert CellMetrics(TerminalFont("no such family"), 13, 1.0).family
