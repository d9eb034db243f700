"""The user's settings take effect while the window is open."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from gui.settings.live import LiveSettings
from tests.support.area import Area
from tests.support.qt_waiting import delete_now, process_events_until

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
