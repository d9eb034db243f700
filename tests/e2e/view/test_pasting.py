"""The session receives pastes, drops, texts of input methods and resizes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QClipboard, QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.terminal.cell_metrics import CellMetrics
from gui.theme.terminal_font import TerminalFont
from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.protocol.values import MIN_COLUMNS, MIN_ROWS, GridSize
from tests.e2e.view.conftest import FONT, ShownView, colors_in

SHIFT = Qt.KeyboardModifier.ShiftModifier


def pasted(made: ShownView, text: str) -> tuple[list[str], list[str], list[str]]:
    """Paste a text; returns the texts that reached the session, the questions, and the notices."""
    asked: list[str] = []
    said: list[str] = []
    made.view.pasteNeedsConfirmation.connect(asked.append)
    made.view.notice.connect(said.append)
    made.sink.calls.clear()
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(made.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert made.sink.presses() == []
    return [text for (text,) in made.sink.of("paste")], asked, said


def test_a_line_is_pasted_at_once(show_view):
    assert pasted(show_view(), "one line") == (["one line"], [], [])


@pytest.mark.parametrize("held", [SHIFT, SHIFT | Qt.KeyboardModifier.ControlModifier])
def test_shift_insert_pastes_the_selected_text_else_the_clipboard(show_view, held):
    made = show_view()
    QGuiApplication.clipboard().setText("copied")
    for selected in ("selected", ""):
        QGuiApplication.clipboard().setText(selected, QClipboard.Mode.Selection)
        QTest.keyClick(made.view, Qt.Key.Key_Insert, held)
    assert made.sink.of("paste") == [("selected",), ("copied",)]


@pytest.mark.parametrize("text", ["rm -rf x\n", "a\rb"])
def test_line_ends_need_a_confirmation(show_view, text):
    made = show_view()
    assert pasted(made, text) == ([], [text], [])
    made.view.confirm_paste(text)
    assert made.sink.of("paste") == [(text,)]


def test_line_ends_need_no_confirmation_with_bracketed_paste(show_view):
    made = show_view()
    made.feed("\x1b[?2004h")
    assert pasted(made, "a\nb\n") == (["a\nb\n"], [], [])


@pytest.mark.parametrize("text", ["a\x1b[201~b", "a\x03", "\x9b1m"])
def test_control_characters_always_need_a_confirmation(show_view, text):
    made = show_view()
    made.feed("\x1b[?2004h")
    assert pasted(made, text) == ([], [text], [])


def test_a_paste_that_is_too_long_is_reported_and_not_cut(show_view):
    sent, asked, said = pasted(show_view(), "x" * (MAX_WHOLE_PASTE_CHARACTERS + 1))
    assert (sent, asked) == ([], [])
    assert f"{MAX_WHOLE_PASTE_CHARACTERS:,}" in said[0]


def test_nothing_is_pasted_into_a_read_only_screen(show_view):
    made = show_view()
    made.view.show_emulator(made.emulator)
    QGuiApplication.clipboard().setText("text")
    made.view.paste()
    assert made.sink.of("paste") == []


def drop(made: ShownView, data: QMimeData, possible: Qt.DropAction = Qt.DropAction.CopyAction) -> list[Qt.DropAction]:
    """Drop data; returns the actions of the accepted events. The drag's source gets the last one."""
    place, none = made.point(3, 3), Qt.KeyboardModifier.NoModifier
    events: list[QDropEvent] = [
        QDragEnterEvent(place, possible, data, Qt.MouseButton.LeftButton, none),
        QDropEvent(place.toPointF(), possible, data, Qt.MouseButton.LeftButton, none),
    ]
    accepted = []
    for event in events:
        QApplication.sendEvent(made.view, event)
        if not event.isAccepted():
            break
        accepted.append(event.dropAction())
    return accepted


def two_files() -> QMimeData:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/a picture.png"), QUrl.fromLocalFile("/tmp/b.txt")])
    return files


def test_files_copied_in_a_file_manager_are_pasted_as_paths(show_view):
    made = show_view()
    QGuiApplication.clipboard().setMimeData(two_files())
    made.view.paste()
    assert made.sink.of("paste") == [("'/tmp/a picture.png' /tmp/b.txt ",)]


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_copied_image_goes_to_the_window_but_its_text_is_pasted_if_it_has_one(show_view, is_dropped):
    """A copied image has no text; office programs copy a text also as an image."""
    made = show_view()
    given: list[QImage] = []
    made.view.imagePasted.connect(given.append)
    for text in ("", "a cell"):
        data = QMimeData()
        data.setImageData(QImage(3, 2, QImage.Format.Format_RGB32))
        if text:
            data.setText(text)
        if is_dropped:
            assert drop(made, data)
        else:
            QGuiApplication.clipboard().setMimeData(data)
            made.view.paste()
    assert [image.width() for image in given] == [3]
    assert made.sink.of("paste") == [("a cell",)]


def test_dropped_files_are_pasted_as_paths_and_dropped_text_as_text(show_view):
    made = show_view()
    drop(made, two_files())
    words = QMimeData()
    words.setText("two words")
    drop(made, words)
    assert made.sink.of("paste") == [("'/tmp/a picture.png' /tmp/b.txt ",), ("two words",)]


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
    made = show_view()
    words = QMimeData()
    words.setText("two words")
    assert drop(made, words, possible) == ([accepted] * 2 if accepted else [])
    assert made.sink.of("paste") == ([("two words",)] if accepted else [])


# ---------------------------------------------------------------- input methods


def test_committed_text_is_sent_as_text(show_view):
    made = show_view()
    event = QInputMethodEvent("", [])
    event.setCommitString("日本")
    QApplication.sendEvent(made.view, event)
    assert made.sink.of("text") == [("日本",)]


def test_composed_text_is_shown_at_the_cursor_and_sent_only_when_committed(show_view):
    made = show_view()
    made.focus()
    made.feed("\x1b[?25labc")
    before = made.image()
    QApplication.sendEvent(made.view, QInputMethodEvent("にほん", []))
    made.settle()
    assert made.sink.of("text") == []
    assert len(colors_in(made.cell_image(3, 0, 6))) > 2
    rect = made.view.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    assert rect.left() == 8 + 3 * made.cell.width_px
    QApplication.sendEvent(made.view, QInputMethodEvent("", []))
    made.settle()
    assert made.image() == before


def test_composed_text_at_the_right_edge_stays_visible(show_view):
    made = show_view(20, 5)
    made.focus()
    made.feed("\x1b[?25l\x1b[1;20H")
    QApplication.sendEvent(made.view, QInputMethodEvent("にほん", []))
    made.settle()
    assert len(colors_in(made.cell_image(13, 0, 6))) > 2


# ---------------------------------------------------------------- sizes


def test_the_size_is_reported_once_when_the_view_is_shown(show_view):
    made = show_view(60, 12)
    assert made.sink.of("resize") == [(GridSize(60, 12), made.cell)]


def test_a_new_size_is_reported_once_it_has_settled(show_view, qapp):
    """In a parent widget, because a window manager may change the sizes of windows."""
    made = show_view(60, 12)
    frame = QWidget()
    frame.resize(1200, 600)
    made.view.setParent(frame)
    frame.show()
    made.view.show()
    made.settle()
    told: list[GridSize] = []
    made.view.gridResized.connect(lambda size, cell: told.append(size))
    width = made.view.width()
    for step in range(1, 21):
        made.view.resize(width + step * made.cell.width_px, made.view.height())
    assert told == []
    made.until(lambda: told, "the size to be told")
    assert told == [GridSize(80, 12)]
    assert made.sink.of("resize")[-1][0] == GridSize(80, 12)
    made.view.setParent(None)
    frame.close()


def test_a_viewer_set_while_hidden_gets_the_size_when_the_view_is_shown(show_view):
    made = show_view(60, 12)
    made.view.hide()
    made.sink.calls.clear()
    made.view.set_viewer(made.sink)
    assert made.sink.of("resize") == []
    made.view.show()
    assert made.sink.of("resize") == [(GridSize(60, 12), made.cell)]


def test_a_tiny_window_reports_at_least_the_minimum_size(show_view):
    made = show_view()
    made.view.resize(60, 40)
    made.until(lambda: made.sink.of("resize")[-1][0] == GridSize(MIN_COLUMNS, MIN_ROWS), "the floors")


def test_zooming_changes_the_grid_at_once(show_view):
    made = show_view(60, 12)
    made.view.zoom(4)
    size, cell = made.sink.of("resize")[-1]
    assert size.columns < 60
    assert cell == made.cell


def test_the_view_in_use_takes_its_size_back(show_view):
    """Another viewer with another size was in use in between."""
    made = show_view(60, 12)
    made.emulator.resize(GridSize(80, 30), made.cell)
    made.feed("x")
    made.sink.calls.clear()
    QTest.keyClick(made.view, Qt.Key.Key_A)
    assert made.sink.of("resize") == [(GridSize(60, 12), made.cell)]


def test_a_view_without_a_replica_reports_its_size(show_view):
    made = show_view(60, 12)
    made.sink.emulator = None
    made.view.on_replaced()
    made.view.zoom(2)
    assert made.sink.of("resize")[-1][1] == made.cell


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
