"""Pictures that a message only names: nothing is read before the click, then only a regular file of a known type."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from gui.chat.content.segments import NamedPicture
from gui.window.actions import named_images
from gui.window.actions.named_images import read_picture
from session_host.errors import OutliveError
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """An image file."""
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(tmp_path / "plot.png"))
    return tmp_path / "plot.png"


def test_only_a_regular_file_of_a_known_type_and_size_is_read(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_picture(picture).data == picture.read_bytes()
    directory = picture.parent
    os.mkfifo(directory / "pipe.png")
    (directory / "directory.png").mkdir()
    (directory / "notes.txt").write_text("no image")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / "socket.png"))
    for name in ("pipe.png", "directory.png", "notes.txt", "socket.png", "missing.png", "\0.png"):
        with pytest.raises(OutliveError):
            read_picture(directory / name)
    monkeypatch.setattr("gui.chat.pictures.MAX_IMAGE_BYTES", 10)
    with pytest.raises(OutliveError, match="larger than"):
        read_picture(picture)


async def test_a_named_picture_is_a_box_with_its_name_until_it_is_clicked(
    harness: WindowHarness, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def reading(path: Path) -> object:
        read.append(path)
        return read_picture(path)

    monkeypatch.setattr(named_images, "read_picture", reading)
    chat = ScriptedChat()
    message = "Here:\n\n![The plot](plot.png)\n\n![](missing.png)\n\nText with ![one](plot.png) in it."
    chat.put("agent", message, status="done")
    await harness.open_chat_view(chat.transcript, cwd=str(picture.parent))
    page = harness.content.view.page
    await harness.until(lambda: bool(page.visible), "the page")
    boxes = [
        (QPointF(page.column_left, each.top) + control.area.center()).toPoint()
        for each in page.visible
        for control in each.laid.controls
        if control.action.kind == "named_image"
    ]
    assert len(boxes) == 2, "a picture within a text is a link there"
    assert not read
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, boxes[1])
    await harness.until(lambda: harness.window.banners.current is not None, "the reason")
    banner = harness.window.banners.current
    assert banner is not None
    assert banner.text == "missing.png can’t be shown: No such file or directory"
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, boxes[0])
    segments = [page.rows.row(0).segments[number] for number in (1, 2)]
    assert [segment.text for segment in segments] == ["The plot", "missing.png"]

    def drawn() -> list[bool]:
        found = (page.rows.row(0).segments[number] for number in (1, 2))
        return [isinstance(each, NamedPicture) and each.image is not None for each in found]

    await harness.until(lambda: any(drawn()), "the picture")
    assert drawn() == [True, False], "in the place of its box"
    assert read == [picture.parent / "missing.png", picture]
    page.set_transcript(chat.transcript)
    assert drawn() == [True, False]
    harness.settle()
    enlarge = next(
        (QPointF(page.column_left, each.top) + control.area.center()).toPoint()
        for each in page.visible
        for control in each.laid.controls
        if control.action.kind == "image"
    )
    await harness.until(lambda: page.grab().toImage().pixelColor(enlarge) == QColor("red"), "the decoded picture")
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, enlarge)
    assert harness.window.sheets.image.is_open
    page.select_all()
    assert "![The plot](plot.png)" in page.selection.text(page.rows, markdown=True)
