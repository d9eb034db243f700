"""The picture beside the pointer while chats of the sidebar are dragged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag, QImage

from tests.unit.gui.conftest import WindowHarness


async def test_the_drag_image_of_chats_is_opaque_and_beside_the_pointer(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        await harness.add(name)
    listed = harness.open_window().sidebar.list
    pictures: list[tuple[QImage, QPoint]] = []
    monkeypatch.setattr(
        QDrag, "exec", lambda drag, _actions: pictures.append((drag.pixmap().toImage(), drag.hotSpot()))
    )
    listed.setCurrentIndex(listed.model().index(1, 0))
    listed.startDrag(Qt.DropAction.MoveAction)
    listed.selectAll()
    listed.startDrag(Qt.DropAction.MoveAction)
    for picture, pointer in pictures:
        points = [QPoint(x, y) for x in range(picture.width()) for y in range(picture.height())]
        assert {picture.pixelColor(point).alpha() for point in points} == {255}, "no desktop must blend it"
        assert not picture.rect().contains(pointer)
        assert picture.height() < 48, "the rows below stay legible"
    assert len(pictures) == 2
