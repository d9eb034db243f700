"""Files and links that a chat of another machine names."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.bridge.machine_chats import MachineChats
from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.terminal.links.links import FileLocation
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WindowHarness, insert_record


@pytest.fixture
async def alpha(harness: WindowHarness) -> MachineChats:
    """The chats of another machine, none yet."""
    chats = harness.sessions.machines["alpha"] = MachineChats(Alpha(), harness.sessions.tasks, harness.sessions.apply)
    return chats


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
async def test_a_path_of_another_machine_is_not_looked_for_and_not_opened_here(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    touched: list[object] = []
    for what in ("links.open_in_desktop", "links.checked", "links.checked_directory", "links.directories_of"):
        monkeypatch.setattr(f"gui.window.actions.{what}", lambda *of: touched.append(of))
    monkeypatch.setattr("gui.terminal.links.link_pointer.existing", lambda *of: touched.append(of))
    (tmp_path / "secret.txt").write_text("x")
    record = insert_record("far", cwd=str(tmp_path), runtime=runtime, argv=["x"])
    await alpha.refresh_now()
    window = harness.open_window(preferences=Preferences(window=WindowFile(editor="code")))
    window.open_chat(harness.chat(f"alpha/{record.id}"))
    harness.viewers[record.id].go_live()
    page = harness.page
    path = str(tmp_path / "secret.txt")
    if page.terminal is not None:
        for _ in range(2):
            assert not page.terminal.view.links.files.path_of(path)
        page.terminal.view.fileActivated.emit(FileLocation(path))
        page.terminal.view.markedLinkActivated.emit(f"file://{path}")
        page.terminal.view.linkActivated.emit(f"file://localhost{path}")
    else:
        content = harness.content
        for _ in range(2):
            assert not content.view.page.names.path_of(path)
        content.open_file(FileLocation(path))
        content.open_link(f"file://{path}")
        content.open_link("secret.txt#L3")
    for name in ("open_directory", "show_directory"):
        window.actions_[name].trigger()
    await harness.sessions.tasks.wait_for_others(10)
    assert harness.banner == "Can’t open a file on another computer"
    assert not touched
