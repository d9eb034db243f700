"""The window answers although the directory that the user types never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.window.new_chat.directory_browser import DirectoryBrowser
from gui.window.widgets import directory_field
from gui.window.widgets.directory_field import DirectoryField
from tests.support.disks import hanging_disk
from tests.unit.gui.conftest import WindowHarness


async def test_the_window_answers_while_a_directory_hangs(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_field, "LOOK_TIMEOUT_S", 0.05)
    monkeypatch.setattr("gui.window.new_chat.directory_browser.LOOK_TIMEOUT_S", 0.05)
    with hanging_disk(tmp_path / "mount") as disk:
        look_at(harness, disk)


def look_at(harness: WindowHarness, disk: Path) -> None:
    field = DirectoryField()
    field.setText(f"{disk}/")
    assert "does not answer" in field.problem()
    assert (field.is_missing(), field.offers(field.text())) == (False, [])
    window = harness.open_window()
    browser = DirectoryBrowser(harness.theme, window, field)
    browser.browse()
    assert browser.directory == Path.home()
    browser._show(disk)
    assert "does not answer" in browser.problem.text()
