"""The table of settings has each setting of the files once, with texts and a valid default."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from gui.settings.preferences import load_preferences
from gui.settings.table import SETTINGS, Choice, FileValues, Line, Named, Names, Number, Setting, Toggle, WindowFile
from gui.theme.terminal import FEATURE_FORM
from gui.wording.text import Text
from session_host.client.chats.settings import ChatSettings, load_chat_settings
from session_host.endpoint import options
from session_host.endpoint.conversation import Settings
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile
from tests.support.area import Area


def test_each_setting_of_the_files_can_be_set_in_the_window() -> None:
    offered = {(setting.file, setting.key) for setting in SETTINGS}
    fields = {("window", field) for field in WindowFile.__struct_fields__}
    fields |= {("chats", field) for field in ChatSettings.__struct_fields__}
    fields |= {("endpoint", key) for key in options._KEYS}
    fields.remove(("chats", "worktree_setup"))  # One for each repository: the page Chats lists them.
    assert offered == fields, "each field of a settings file has an entry in SETTINGS of gui/settings/table.py"
    assert len({(setting.file, setting.key) for setting in SETTINGS}) == len(SETTINGS)


def example_in_the_guide(file: str, directory: Path) -> None:
    """Write the file into a directory as the guide shows it."""
    guide = (Path(__file__).parents[4] / "resources" / "guide" / "settings.md").read_text("utf-8")
    example = guide.partition(f"\n## {file}\n")[2].split("```\n")[1]
    (directory / file).write_text(example, "utf-8")


def test_the_guide_has_each_setting_of_the_window_with_its_default(tmp_path: Path) -> None:
    example_in_the_guide("window.toml", tmp_path)
    assert set(TomlFile.read(tmp_path / "window.toml").values()) == set(WindowFile.__struct_fields__)
    assert load_preferences(tmp_path).window == WindowFile()


def test_the_guide_has_each_setting_of_chats_with_its_default(tmp_path: Path) -> None:
    example_in_the_guide("chats.toml", tmp_path)
    assert set(TomlFile.read(tmp_path / "chats.toml").values()) == set(ChatSettings.__struct_fields__)
    assert load_chat_settings(tmp_path) == ChatSettings()


def test_the_guide_has_each_setting_of_chats_with_a_model_server_with_its_default(tmp_path: Path) -> None:
    example_in_the_guide("endpoint.toml", tmp_path)
    values = options.read_defaults(tmp_path)
    assert set(values) == set(options._KEYS)
    assert Settings(**values) == Settings(url="")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_has_a_valid_default_all_choices_of_its_file_and_a_short_help(setting: Setting) -> None:
    assert setting.kind.problem(setting.default) == ""
    assert not setting.help or ". " not in setting.help()
    if isinstance(setting.kind, Choice):
        structs: dict[str, type] = {"window": WindowFile, "chats": ChatSettings}
        in_file = get_type_hints(structs[setting.file])[setting.key] if setting.file in structs else None
        assert set(setting.kind.values) == set(get_args(in_file) or options.APIS)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Toggle(), [True, False], [1, "true"]),
        (Number(6, 48, zero=Text("settings", "Never")), [0, 6, 48], [5, 49, 7.5, True, "7"]),
        (Number(1, 9, is_integer=False), [1, 2.5], [0, 10]),
        (Choice({"a": Text("settings", "A"), "b": Text("settings", "B")}), ["a"], ["c", 1]),
        (Line(), ["", "x"], [1]),
        (Line("env:.+", "env:NAME"), ["", "env:KEY"], ["sk-123"]),
        (Line(is_command=True), ["code -w", ""], ["code 'x"]),
        (Named(of="font"), ["Hack"], [3]),
        (Names(of="font"), [[], ["Hack", "Noto Sans CJK JP"], ()], ["Hack", [1]]),
        (
            Names(FEATURE_FORM, "features"),
            [[], ["zero", "-calt", "cv01=2"]],
            [["zer"], "zero", ["ss01", "ß"]],
        ),
    ],
)
def test_each_kind_accepts_valid_values_and_refuses_others(kind: object, good: list[object], bad: list[object]) -> None:
    problem = kind.problem  # type: ignore[attr-defined]
    assert [problem(value) for value in good] == [""] * len(good)
    assert all(problem(value) for value in bad)


def test_the_window_and_the_commands_allow_the_same_values(area: Area) -> None:
    for setting in SETTINGS:
        if setting.file == "chats" and isinstance(setting.kind, Number):
            for value in (setting.kind.minimum, setting.kind.maximum, 0, -1, setting.kind.maximum + 1):
                (area.config / "chats.toml").write_text(f"{setting.key} = {value}\n")
                try:
                    load_chat_settings(area.config)
                except ConfigError:
                    assert setting.kind.problem(value), setting.key
                else:
                    assert setting.kind.problem(value) == "", (setting.key, value)


def test_an_invalid_value_hides_no_other_and_names_its_line(area: Area) -> None:
    (area.config / "chats.toml").write_text('record = "no"\n\nidle_timeout_min = 5\n')
    values = FileValues.read(area.config, "chats")
    record, idle, points = (
        next(setting for setting in SETTINGS if setting.key == key)
        for key in ("record", "idle_timeout_min", "restore_points")
    )
    assert values.of(record) == (None, f"{area.config}/chats.toml:1: record must be true or false")
    assert values.of(idle) == (5, "")
    assert values.of(points) == (None, "")
