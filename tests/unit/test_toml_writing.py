"""Writing a setting keeps comments, order and others' changes; a change of a file takes effect at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui.settings.live import LiveSettings
from session_host.errors import ConfigError
from session_host.toml_writing import write_values
from tests.support.area import Area
from tests.support.disks import fill_disk, small_disk
from tests.support.qt_waiting import delete_now, process_events_until

MINE = """# mine
font = "Hack"  # the good one

# for later
editor = "code"
"""


def test_comments_and_order_stay(area: Area) -> None:
    path = area.config / "window.toml"
    path.write_text(MINE)
    write_values(path, {"font": "Noto Sans Mono", "font_size": 15})
    write_values(path, {"font_size": None})
    assert path.read_text() == MINE.replace("Hack", "Noto Sans Mono")


def test_a_value_of_a_table_is_written_and_an_empty_table_removed(area: Area) -> None:
    path = area.config / "chats.toml"
    path.write_text("record = true\nidle_timeout_min = { codex = 30 }  # idle\n")
    write_values(path, {("idle_timeout_min", "qwen"): 5})
    assert path.read_text() == "record = true\nidle_timeout_min = { codex = 30, qwen = 5}  # idle\n"
    write_values(path, {("idle_timeout_min", "qwen"): None, ("idle_timeout_min", "codex"): None})
    assert path.read_text() == "record = true\n"
    write_values(path, {("idle_timeout_min", "codex"): None})
    assert path.read_text() == "record = true\n"


def test_a_read_only_file_is_reported_and_unchanged(area: Area) -> None:
    path = area.config / "window.toml"
    path.write_text(MINE)
    path.chmod(0o444)
    with pytest.raises(ConfigError, match=r"window\.toml: the file is read-only; nothing was changed"):
        write_values(path, {"font_size": 15})
    assert path.read_text() == MINE
    assert [each.name for each in area.config.iterdir()] == ["window.toml"]


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        path = disk / "window.toml"
        path.write_text(MINE)
        fill_disk(disk)
        with pytest.raises(ConfigError, match=r"window\.toml: No space left on device; nothing was changed"):
            write_values(path, {"font_size": 15})
        assert path.read_text() == MINE
        assert sorted(each.name for each in disk.iterdir()) == ["ballast", "window.toml"]


def test_a_broken_file_is_not_overwritten(area: Area) -> None:
    path = area.config / "window.toml"
    path.write_text("font = \n")
    with pytest.raises(ConfigError, match=r"window\.toml:1: "):
        write_values(path, {"font_size": 15})
    assert path.read_text() == "font = \n"


def test_a_value_takes_effect_at_once_and_a_change_by_hand_is_kept(qapp: object, area: Area) -> None:
    first, second = LiveSettings(area.config), LiveSettings(area.config)
    first.write({"cursor_shape": "bar"})
    second.write({"font_size": 20})
    second.write({"new_chat": "F2"}, "keys")
    first.read_again()
    for settings in (first, second):
        window = settings.preferences.window
        assert (window.cursor_shape, window.font_size, settings.preferences.keys) == ("bar", 20, {"new_chat": ["F2"]})
        settings.deleteLater()


WAIT_S = 10.0


def test_a_mistake_in_the_settings_of_new_chats_is_reported_when_the_file_is_saved(
    qapp: QApplication, area: Area
) -> None:
    settings = LiveSettings(area.config)
    settings.follow()
    found: list[list[str]] = []
    settings.problems.connect(found.append)
    file = area.config / "chats.toml"
    file.write_text('record = true\nscrollback_lines = "many"\n')
    process_events_until(lambda: found, WAIT_S, "the problem")
    problem = f"{file}:2: scrollback_lines: expected a whole number, got text."
    assert found.pop() == [f"{problem} New chats cannot start until it is corrected."]
    file.write_text("record = true\n")
    process_events_until(lambda: found, WAIT_S, "its end")
    assert found == [[]]
    settings.close()
    delete_now(settings)


def test_the_first_settings_of_a_home_without_a_configuration_directory_take_effect(
    qapp: QApplication, area: Area
) -> None:
    home = area.root / "fresh"
    home.mkdir()
    directory = home / ".config" / "outlive"
    settings = LiveSettings(directory)
    settings.follow()
    directory.mkdir(parents=True)
    file = directory / "window.toml"
    file.write_text("font_size = 20\n")
    process_events_until(lambda: settings.preferences.window.font_size == 20, WAIT_S, "the first settings")
    file.write_text("font_size = 21\n")
    process_events_until(lambda: settings.preferences.window.font_size == 21, WAIT_S, "the next ones")
    assert settings._watcher is not None
    assert settings._watcher.directories() == [str(directory)], "other directories change for other reasons"
    settings.close()
    delete_now(settings)
