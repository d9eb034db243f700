"""The directories that a field offers."""

from __future__ import annotations

from pathlib import Path

from gui.window.new_chat.directory_browser import _directories_in
from gui.window.widgets.directory_field import _completions


def test_a_link_to_itself_hides_no_directory(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "once").symlink_to("once")

    assert _completions(f"{tmp_path}/on", with_files=False) == [f"{tmp_path}/one"]
    assert _directories_in(tmp_path) == ["one"]
