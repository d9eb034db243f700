"""The user's settings for new chats, and errors in their file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host import paths
from session_host.client.chats.settings import ChatSettings, load_chat_settings, remember_colors, remembered_colors
from session_host.errors import ConfigError
from session_host.terminal.base import DefaultColors


def test_each_value_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "chats.toml").write_text("record = false\nrecord_limit_mib = 2\nscrollback_lines = 0\n")
    assert load_chat_settings(tmp_path) == ChatSettings(record=False, record_limit_mib=2, scrollback_lines=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("record = 1", r"chats\.toml:1: record: expected true or false, got a whole number$"),
        ("recrod = true", r"chats\.toml:1: unknown setting 'recrod'$"),
        ("\nrecord_limit_mib = 0", r"chats\.toml:2: record_limit_mib is 0; allowed: 1 to"),
        ("scrollback_lines = 10000000", r"scrollback_lines is 10000000; allowed: 0 to"),
        ("idle_timeout_min = nan", r"idle_timeout_min is nan; allowed: 0 to"),
        ("record =", r"chats\.toml:1: invalid value$"),
        ("idle_timeout_min = '1'", r"chats\.toml:1: idle_timeout_min: expected a number, got text$"),
        ("\nidle_timeout_min = -1", r"chats\.toml:2: idle_timeout_min is -1\.0; allowed: 0 to"),
        ("agents_may_control = 'none'", r"chats\.toml:1: agents_may_control: 'none' is not one .*: own, all$"),
        ("x = " + "[" * 100_000, r"chats\.toml"),
    ],
)
def test_invalid_settings_are_reported_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "chats.toml").write_text(text)
    with pytest.raises(ConfigError, match=words) as raised:
        load_chat_settings(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "chats.toml").write_bytes("record = true\n# für Bücher\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"chats\.toml:2: not UTF-8$"):
        load_chat_settings(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "endless device"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A read of the pipe would never end."""
    path = tmp_path / "chats.toml"
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=r"chats\.toml: not a regular file; move it away$"):
        load_chat_settings(tmp_path)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_without_another_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    directory = tmp_path_factory.mktemp("config")
    (directory / "chats.toml").write_bytes(data)
    try:
        load_chat_settings(directory)
    except ConfigError:
        pass


LIGHT = DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False)


def test_colours_are_remembered(area: object) -> None:
    assert remembered_colors() is None
    remember_colors(LIGHT)
    assert remembered_colors() == LIGHT
    remember_colors(DefaultColors())
    assert remembered_colors() == DefaultColors()


def test_an_unreadable_file_counts_as_missing(area: object) -> None:
    paths.state_dir().mkdir(parents=True, exist_ok=True)
    (paths.state_dir() / "colors.json").write_text('{"dark"')
    assert remembered_colors() is None
    remember_colors(LIGHT)
    assert remembered_colors() == LIGHT
