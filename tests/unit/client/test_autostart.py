"""Only the user's setting creates and removes the file that starts Outlive at login."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest

from session_host import paths
from session_host.client.autostart import autostart_file, set_start_at_login


def entry() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(autostart_file(), encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_file_is_in_the_configuration_directory_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert autostart_file() == paths.config_dir() / "autostart" / "outlive.desktop"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert autostart_file() == tmp_path / "autostart" / "outlive.desktop"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("OUTLIVE_CONFIG_DIR")
    assert autostart_file() == Path.home() / ".config" / "autostart" / "outlive.desktop"


def test_the_setting_creates_and_removes_the_file():
    set_start_at_login(enabled=False, is_changed=False)
    assert not autostart_file().parent.exists()
    set_start_at_login(enabled=True, is_changed=True)
    words = shlex.split(entry()["Exec"])
    assert words[:2] == ["env", "OUTLIVE_START_HIDDEN=1"]
    assert f"OUTLIVE_CONFIG_DIR={paths.config_dir()}" in words
    assert words[-1] == entry()["TryExec"]
    assert Path(words[-1]).name == "outlive"
    set_start_at_login(enabled=False, is_changed=True)
    assert not autostart_file().exists()


def test_changes_by_the_user_or_the_desktop_are_kept(monkeypatch: pytest.MonkeyPatch):
    set_start_at_login(enabled=True, is_changed=True)
    path = autostart_file()
    path.unlink()
    set_start_at_login(enabled=True, is_changed=False)
    assert not path.exists(), "it was removed by hand"

    set_start_at_login(enabled=True, is_changed=True)
    path.write_text(path.read_text() + "Hidden=true\n")
    disabled = path.read_text()
    set_start_at_login(enabled=True, is_changed=False)
    assert path.read_text() == disabled, "it was switched off by the desktop's settings"

    path.write_text("[Desktop Entry]\nType=Application\nExec=outlive\n")
    set_start_at_login(enabled=False, is_changed=True)
    set_start_at_login(enabled=True, is_changed=True)
    assert "OUTLIVE_START_HIDDEN" not in path.read_text(), "the user's own file"


def test_a_moved_installation_gets_a_new_path_and_odd_names_are_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    set_start_at_login(enabled=True, is_changed=True)
    odd = tmp_path / 'a "b" $c %d \\e'
    odd.mkdir()
    (odd / "outlive").touch()
    monkeypatch.setattr("sys.executable", str(odd / "python"))
    set_start_at_login(enabled=True, is_changed=False)
    word = entry()["Exec"].rpartition(' "')[2].removesuffix('"')
    as_desktops_read_it = re.sub(r"\\(.)", r"\1", word.replace("\\\\", "\\")).replace("%%", "%")
    assert as_desktops_read_it == str(odd / "outlive")
