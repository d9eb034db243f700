"""Random files and layouts give the defaults, and one line for each file that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gui.settings.layout import ZOOM_RANGE, WindowLayout
from gui.settings.pane_tree import numbers
from gui.settings.preferences import load_preferences
from tests.support.fuzzing import anything, chance, fitting, some_toml, times

WINDOW = 'appearance = "dark"\nfont = "Mono"\nfont_size = 13\n'
KEYS = 'new_chat = "Ctrl+Shift+N"\nclose_tab = ["Ctrl+Shift+W", "Ctrl+F4"]\nfull_screen = ""\n'


def test_any_settings_file_is_read_or_ignored(tmp_path: Path) -> None:
    with chance() as choose:
        for _ in range(times(150)):
            window, keys = tmp_path / "window.toml", tmp_path / "keys.toml"
            window.write_bytes(some_toml(choose, WINDOW))
            keys.write_bytes(some_toml(choose, KEYS))
            settings = load_preferences(tmp_path)
            assert settings.window.appearance in {"desktop", "dark", "light"}
            assert isinstance(settings.window.font, str)
            assert all(isinstance(key, str) for each in settings.keys.values() for key in each)
            assert len(settings.problems) <= 2
            for problem in settings.problems:
                assert "\n" not in problem, problem
                assert str(window) in problem or str(keys) in problem


def test_valid_parts_of_any_layout_are_used() -> None:
    fields = msgspec.structs.fields(WindowLayout)
    with chance() as choose:
        for _ in range(times(150)):
            values: dict[str, Any] = {
                field.name: fitting(choose, field.type) if choose.random() < 0.6 else anything(choose)
                for field in fields
                if choose.random() < 0.7
            }
            if choose.random() < 0.3:
                values["from_the_future"] = anything(choose)
            layout = WindowLayout.from_dict(values)
            assert layout.windows
            for window in layout.windows:
                assert sorted(numbers(window.arrangement())) == list(range(len(window.panes)))
                assert all(len(pane.tabs) == len(set(pane.tabs)) for pane in window.panes)
            assert ZOOM_RANGE[0] <= layout.zoom <= ZOOM_RANGE[1]
            assert WindowLayout.from_dict(layout.to_dict()) == layout
