"""Keys that type a text, from the array ``text`` of ``keys.toml``."""

from __future__ import annotations

import pytest

from gui.settings.preferences import load_preferences
from gui.settings.text_keys import TextKey, typed, without_controls, write_keys
from gui.window.actions.keys import of_the_window, with_overrides
from session_host.errors import ConfigError
from tests.support.area import Area

MINE = """# my keys
[[text]]
keys = "Ctrl+Alt+G"     # often
text = "git status\\r"

[[text]]
keys = ["F7", "F8"]
text = '\\e[5~\\x03\\u00e9 \\\\ end'
"""


def test_escapes_work_in_both_kinds_of_quotes(area: Area) -> None:
    (area.config / "keys.toml").write_text(MINE)
    settings = load_preferences(area.config)
    assert settings.problems == ()
    assert [(entry.keys, entry.text, entry.line) for entry in settings.texts] == [
        (("Ctrl+Alt+G",), r"git status\r", 2),
        (("F7", "F8"), r"\e[5~\x03\u00e9 \\ end", 6),
    ]
    assert [typed(entry.text) for entry in settings.texts] == ["git status\r", "\x1b[5~\x03é \\ end"]
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, ord("é")]))
    assert typed(without_controls(every)) == every


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("text = '\\q'", "text 1: unknown escape '\\q'"),
        ("text = 'a\\'", "text 1: unknown escape '\\'"),
        ("text = '\\ud800'", "text 1: '\\ud800' is not a character"),
        ("text = ''", "text 1: the text is empty"),
        ("keys = 'F7'", "text 1: object missing required field 'text'"),
        ("text = 'a'\nsend = 'b'", "text 1: object contains unknown field 'send'"),
        (f"text = '{'a' * 10_001}'", "text 1: longer than 10000 characters"),
    ],
)
def test_a_broken_entry_is_named_with_its_line(area: Area, entry: str, problem: str) -> None:
    (area.config / "keys.toml").write_text(f'new_chat = "F2"\n\n[[text]]\n{entry}\n')
    [line] = load_preferences(area.config).problems
    assert line == f"{area.config}/keys.toml:3: {problem}. Using the defaults."
    (area.config / "keys.toml").write_text('text = "F2"\n')
    assert "keys.toml:1: 'text' is not an action" in load_preferences(area.config).problems[0]


def test_a_text_takes_its_key_from_an_action_unless_the_user_chose_it(area: Area) -> None:
    (area.config / "keys.toml").write_text(
        'rename = "F7"\n[[text]]\nkeys = ["F7", "Ctrl+Shift+W", "F9"]\ntext = "a"\n'
        '[[text]]\nkeys = "Nonsense+Q"\ntext = "b"\n'
    )
    settings = load_preferences(area.config)
    chosen, problems = with_overrides(settings.all_keys, settings.all_lines)
    assert problems == [
        "keys.toml:2: 'F7' is already the key of 'rename'",
        "keys.toml:5: invalid key 'Nonsense+Q' for 'text 2'",
    ]
    assert [key.toString() for key in chosen["text 1"]] == ["Ctrl+Shift+W", "F9"]
    assert chosen["close_tab"] == []
    assert {"F9", "Ctrl+Shift+W"} <= set(of_the_window(chosen, settings.all_keys)), "terminals leave it alone"


def test_written_entries_leave_everything_else_as_it_is(area: Area) -> None:
    path = area.config / "keys.toml"
    path.write_text(MINE)
    first, second = load_preferences(area.config).texts
    changed = TextKey(("F6",), first.text)
    write_keys(path, {"send": "F5"}, [first, second], [changed, None, TextKey((), "it's\\r")])
    assert path.read_text() == (
        '# my keys\nsend = "F5"\n[[text]]\nkeys = "F6"     # often\ntext = "git status\\r"\n\n'
        '[[text]]\nkeys = []\ntext = "it\'s\\\\r"\n'
    )
    assert [entry.text for entry in load_preferences(area.config).texts] == [r"git status\r", r"it's\r"]
    with pytest.raises(ConfigError, match="changed meanwhile"):
        write_keys(path, {}, [first, second], [first, None])
    now = load_preferences(area.config).texts
    write_keys(path, {"send": None}, now, [None, None])
    assert path.read_text() == "# my keys\n"
    path.write_text("text = [{ keys = 'F7', text = 'a' }]\n")
    now = load_preferences(area.config).texts
    write_keys(path, {}, now, [*now, TextKey(("F8",), "b")])
    assert [(entry.keys, entry.text) for entry in load_preferences(area.config).texts] == [
        (("F7",), "a"),
        (("F8",), "b"),
    ]
