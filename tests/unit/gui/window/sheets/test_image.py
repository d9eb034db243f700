"""An image of a chat is shown completely, zoomed, copied and saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from gui.window.page.structured_content import StructuredContent
from gui.window.sheets.image import ImageSheet
from session_host.protocol.values import Image
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness

WIDTH_PX, HEIGHT_PX = 3000, 1000


def large_image() -> Image:
    picture = QImage(WIDTH_PX, HEIGHT_PX, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.blue)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]  # the type hints name bytes
    return Image("image/png", bytes(buffer.data().data()))


async def open_page(harness: WindowHarness, image: Image) -> StructuredContent:
    """Open the page of a chat with one image, and give it the keyboard."""
    chat = ScriptedChat()
    chat.put("user", "look", status="done", images=(image,))
    await harness.open_chat_view(chat.transcript, cwd="/")
    content = harness.content
    await harness.until(lambda: any(placed.laid.controls for placed in content.view.page.visible), "the image")
    content.view.page.setFocus()
    return content


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifiers)


async def test_enter_enlarges_the_focused_image_and_escape_returns_to_it(harness: WindowHarness):
    page = await open_page(harness, large_image())
    press(Qt.Key.Key_Tab)  # to *Copy* at the prompt
    press(Qt.Key.Key_Tab)
    target = page.view.page.focused
    assert page.view.page.control_name(target) == "Enlarge the image"
    press(Qt.Key.Key_Return)
    sheet: ImageSheet = harness.window.sheets.image
    assert sheet.is_open
    assert sheet.about.text().startswith("3,000 × 1,000 · PNG, ")
    view = sheet.view
    assert view.hasFocus()
    whole = view.scale
    assert whole == pytest.approx(min(view.width() / WIDTH_PX, view.height() / HEIGHT_PX)), "the whole image fits"
    press(Qt.Key.Key_Plus)
    assert view.scale == pytest.approx(1.25 * whole)
    press(Qt.Key.Key_0)
    assert view.scale == whole
    press(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().image().width() == WIDTH_PX
    press(Qt.Key.Key_Escape)
    assert sheet.isHidden()
    assert page.view.page.hasFocus()
    assert page.view.page.focused == target


async def test_a_click_shows_a_large_image_in_full_size_at_that_point_and_dragging_moves_it(harness: WindowHarness):
    await open_page(harness, large_image())
    sheet: ImageSheet = harness.window.sheets.image
    sheet.show_image(large_image(), "/")
    view, left, none = sheet.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(view, left, none, QPoint(5, view.height() // 2))
    assert view.scale == 1.0
    assert view._middle.x() == pytest.approx(view.width() / 2, abs=20), "the left end, where the click was"
    before = QPointF(view._middle)
    QTest.mousePress(view, left, none, QPoint(200, 100))
    QTest.mouseMove(view, QPoint(100, 100))
    QTest.mouseRelease(view, left, none, QPoint(100, 100))
    assert view._middle == before + QPointF(100, 0)
    QTest.mouseClick(view, left, none, QPoint(200, 100))
    assert view.scale < 1.0, "the whole image again"


async def test_the_menu_of_an_image_saves_it_unchanged(harness: WindowHarness, tmp_path: Path):
    image = large_image()
    page = await open_page(harness, image)
    transcript = page.view.page
    controls = [(each, control) for each in transcript.visible for control in each.laid.controls]
    [(placed, control)] = [found for found in controls if found[1].action.kind == "image"]
    corner = QPointF(transcript.column_left, placed.top)
    menu = transcript.context_menu.build(corner + control.area.center())
    entries = {action.text(): action for action in menu.actions()}
    assert list(entries)[:3] == ["Enlarge the image", "Copy image", "Save image as…"]
    entries["Save image as…"].trigger()
    [dialog] = page.view.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "saved.png"))
    assert (tmp_path / "saved.png").read_bytes() == image.data
    dialog.fileSelected.emit(str(tmp_path / "nowhere/saved.png"))
    banner = harness.window.banners.current
    assert banner is not None
    assert "can’t be saved: No such file" in banner.text
    dialog.close()
    menu.close()
