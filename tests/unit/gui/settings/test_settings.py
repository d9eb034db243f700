"""The user's settings files, the table that has each setting once, and the window's saved layout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.settings.pane_tree import Pane, Split, numbers
from gui.settings.preferences import load_preferences
from gui.settings.table import SETTINGS, Choice, FileValues, Named, Names, Number, OneLine, Setting, Toggle, WindowFile
from gui.theme.terminal import FEATURE_FORM, TerminalFont
from gui.window.actions.keys import with_overrides
from gui.wording.text import Text
from session_host.client.chats.installed_agents import endpoint_defaults
from session_host.client.chats.settings import ChatSettings, load_chat_settings
from session_host.endpoint import options
from session_host.endpoint.conversation import Settings
from session_host.errors import ConfigError
from session_host.paths import config_dir
from tests.support import settings_page
from tests.support.area import Area


def test_the_terminals_font_is_taken_from_its_settings(area):
    (area.config / "window.toml").write_text(
        'font = "Hack"\nfallback_fonts = ["A", "B"]\nfont_weight = "medium"\nfont_features = ["zero", "-calt"]\n'
        'ligatures = "always"\n'
    )
    settings = load_preferences(area.config)
    assert settings.problems == ()
    assert settings.terminal_font == TerminalFont("Hack", "always", ("A", "B"), "medium", ("zero", "-calt"))
    assert load_preferences(area.config.parent).terminal_font == TerminalFont()


@pytest.mark.parametrize(
    "content",
    [
        "appearance = ",
        "font_size = 500",
        "line_height = nan",
        "padding = 1.5",
        'editor = "a \'b"',
        'fallback_fonts = "Hack"',
        'font_features = ["zero", "no feature"]',
        "colour = 1",
        "font = " + "[" * 5000,
        b"\xff\xfe".decode("latin-1"),
    ],
)
def test_an_unreadable_file_is_reported_in_one_line_and_left_alone(area, content: str):
    path = area.config / "window.toml"
    path.write_bytes(content.encode("latin-1"))
    settings = load_preferences(area.config)
    [line] = settings.problems
    assert str(path) in line
    assert "Using the defaults." in line
    assert "\n" not in line
    assert settings.window.appearance == "desktop"
    assert path.read_bytes() == content.encode("latin-1")


def test_a_file_with_a_mistake_counts_as_unread_until_it_is_corrected(area):
    file = area.config / "window.toml"
    file.write_text("font_size =\n")
    preferences = load_preferences(area.config)
    (area.config / "keys.toml").write_text('new_chat = "F9"\n')
    preferences = load_preferences(area.config, preferences)
    assert not preferences.is_window_read
    file.write_text("font_size = 20\n")
    preferences = load_preferences(area.config, preferences)
    file.write_text("font_size =\n")
    preferences = load_preferences(area.config, preferences)
    assert preferences.is_window_read
    assert preferences.window.font_size == 20


def test_a_layout_is_read_from_the_store_as_it_was_saved():
    layout = WindowLayout(
        windows=[
            SavedWindow([SavedPane(["a", "b"], "b", {"a": (7, "digest")})], geometry=(1, 2, 800, 600)),
            SavedWindow(
                [SavedPane(["c"], "c"), SavedPane(["d"], "d")], Split(False, (Pane(0), Pane(1)), (0.3, 0.7)), 1, True
            ),
        ],
        zoom=3,
        grid=(90, 30),
    )
    assert WindowLayout.from_dict(layout.to_dict()) == layout


def test_wrong_and_unknown_values_of_a_layout_are_left_out():
    warned: list[str] = []
    layout = WindowLayout.from_dict(
        {"grid": "wide", "zoom": 9000, "from_the_future": True}, lambda: warned.append("damaged")
    )
    assert layout == WindowLayout(zoom=24)
    assert not warned


@pytest.mark.parametrize(
    ("windows", "tabs"),
    [
        ("none", [[[]]]),
        ([7, {"panes": [{"tabs": ["a"]}]}], [[["a"]]]),
        ([{"panes": [{"tabs": ["a"]}, {"tabs": ["b"]}], "tree": {"is": "heap"}}], [[["a"], ["b"]]]),
        ([{"panes": [{"tabs": ["a"]}, {"tabs": 5}], "geometry": "wide"}], [[["a"]]]),
        ([{"panes": [{"tabs": ["a"]}], "geometry": [0, -(10**12), 800, 600]}], [[["a"]]]),
        ([{"panes": [{"tabs": ["a"]}, {"tabs": ["b"]}], "tree": {"is": "pane", "number": 0}}], [[["a"], ["b"]]]),
        ([{"panes": [{"tabs": ["a"]}], "active_pane": 9}, {"panes": []}], [[["a"]], [[]]]),
    ],
)
def test_valid_parts_of_a_damaged_layout_are_kept_and_the_damage_is_reported_once(windows: object, tabs: object):
    warned: list[str] = []
    layout = WindowLayout.from_dict({"windows": windows, "zoom": 3}, lambda: warned.append("damaged"))
    assert [[pane.tabs for pane in window.panes] for window in layout.windows] == tabs
    assert all(sorted(numbers(one.arrangement())) == list(range(len(one.panes))) for one in layout.windows)
    assert layout.zoom == 3
    assert len(warned) == (0 if windows == [{"panes": [{"tabs": ["a"]}], "active_pane": 9}, {"panes": []}] else 1)


def test_no_default_key_is_used_twice_or_taken_from_programs():
    chosen, problems = with_overrides({})
    assert problems == []
    given = [sequence.toString() for sequences in chosen.values() for sequence in sequences]
    assert len(given) == len(set(given))
    for text in given:
        assert text not in {"Esc", "Tab", "Return"}
        modifiers, _, key = text.rpartition("+")
        if modifiers in {"Ctrl", "Alt"}:
            assert not (len(key) == 1 and key.isalpha()), f"{text} belongs to the program"


def test_a_key_chosen_by_the_user_is_taken_from_its_previous_action():
    chosen, problems = with_overrides({"rename": ["Ctrl+Shift+W"], "full_screen": []})
    assert problems == []
    assert [sequence.toString() for sequence in chosen["rename"]] == ["Ctrl+Shift+W"]
    assert chosen["close_tab"] == []
    assert chosen["full_screen"] == []


def test_keys_without_an_effect_are_reported_with_their_line(area):
    (area.config / "keys.toml").write_text(
        'dance = "F1"\n\nnew_chat = "Ctrl+Nonsense+Q"\nrename = "F7"\nsend = ["F8", "F7"]\n'
    )
    settings = load_preferences(area.config)
    chosen, problems = with_overrides(settings.keys, settings.key_lines)
    assert problems == [
        "keys.toml:1: unknown action 'dance'",
        "keys.toml:3: invalid key 'Ctrl+Nonsense+Q' for 'new_chat'",
        "keys.toml:5: 'F7' is already the key of 'rename'",
    ]
    assert [sequence.toString() for sequence in chosen["new_chat"]] == ["Ctrl+Shift+N"]
    assert [sequence.toString() for sequence in chosen["send"]] == ["F8"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("window", 'theme = "dark\n', ":1: a closing quote is missing."),
        ("window", 'font_size = "big"\n', ":1: font_size: expected a whole number, got text."),
        ("window", "\nappearance = 'dim'\n", ":2: appearance: 'dim' is not one of its values: desktop, dark, light."),
        ("keys", "rename = 'F2'\n[keys]\nnew_chat = 'F7'\n", ":2: keys: expected text or a list, got a table."),
    ],
)
def test_a_mistake_is_reported_in_plain_words(area, name: str, content: str, problem: str):
    path = area.config / f"{name}.toml"
    path.write_text(content)
    assert load_preferences(area.config).problems == (f"{path}{problem} Using the defaults.",)


def test_an_unreadable_file_counts_as_none_at_once(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    path = config_dir() / "endpoint.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('url = "http://default/v1"\nmodel = "m"\n')
    assert endpoint_defaults() == ("http://default/v1", "m")
    path.write_text("url = ")
    assert endpoint_defaults() == ("", "")
    path.unlink()
    os.mkfifo(path)  # The window would wait for it.
    assert endpoint_defaults() == ("", "")


def test_each_setting_of_the_files_can_be_set_in_the_window() -> None:
    offered = {(setting.file, setting.key) for setting in SETTINGS}
    fields = {("window", field) for field in WindowFile.__struct_fields__}
    fields |= {("chats", field) for field in ChatSettings.__struct_fields__}
    fields |= {("endpoint", key) for key in options._KEYS}
    fields.remove(("chats", "worktree_setup"))  # One for each repository: the page Chats lists them.
    assert offered == fields, "each field of a settings file has a row in gui/settings/table.py"
    assert len({(setting.file, setting.key) for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.registrations
def test_the_guide_shows_each_setting_with_its_default() -> None:
    page = settings_page.PAGE.read_text("utf-8")
    assert settings_page.printed(page) == page, "run python -m tests.support.settings_page"


def test_the_examples_of_the_guide_are_files_with_the_defaults(tmp_path: Path) -> None:
    page = settings_page.PAGE.read_text("utf-8")
    for file in ("window.toml", "chats.toml", "endpoint.toml"):
        (tmp_path / file).write_text(page.partition(f"\n## {file}\n")[2].split("```\n")[1], "utf-8")
    assert load_preferences(tmp_path).window == WindowFile()
    assert load_chat_settings(tmp_path) == ChatSettings()
    assert Settings(**options.read_defaults(tmp_path)) == Settings(url="")


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
        (Number(6, 48, zero=Text("Never")), [0, 6, 48], [5, 49, 7.5, True, "7"]),
        (Number(1, 9, is_integer=False), [1, 2.5], [0, 10]),
        (Choice({"a": Text("A"), "b": Text("B")}), ["a"], ["c", 1]),
        (OneLine(), ["", "x"], [1]),
        (OneLine("env:.+", "env:NAME"), ["", "env:KEY"], ["sk-123"]),
        (OneLine(is_command=True), ["code -w", ""], ["code 'x"]),
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
