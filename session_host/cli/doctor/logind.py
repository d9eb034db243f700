"""Reads logind's settings on killing a user's processes at logout, over D-Bus or from its files.

Sources: logind.conf(5) for the settings, their files and their order; systemd.syntax(7) for the form;
org.freedesktop.login1(5) for the properties.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.system.dbus import addresses

ANSWER_TIMEOUT_S = 2.0

DIRECTORIES = ("etc", "run", "usr/local/lib", "usr/lib")
"""The directories of settings files, by priority: a file replaces those of the same name in later ones."""

_YES = frozenset({"1", "yes", "y", "true", "t", "on"})
_NO = frozenset({"0", "no", "n", "false", "f", "off"})


class LoginSettings(NamedTuple):
    """logind's settings on killing a user's processes at logout."""

    kills: bool | None
    """KillUserProcesses; None if unknown."""
    only: tuple[str, ...] = ()
    """KillOnlyUsers."""
    excluded: tuple[str, ...] | None = None
    """KillExcludeUsers; None if it is not set, which means root."""

    def ends(self, user: str) -> bool | None:
        """Whether logout kills this user's processes; None if unknown."""
        if user in (("root",) if self.excluded is None else self.excluded):
            return False
        return user in self.only if self.only else self.kills


def from_bus() -> LoginSettings | None:
    """Read logind's settings from the system bus; None if there is no bus, or no logind on it."""
    address = addresses.system_bus()
    if address is None:
        return None

    from session_host.system.dbus.bus import Bus, Peer

    manager = Peer("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.DBus.Properties")
    try:
        with Bus(address, ANSWER_TIMEOUT_S) as bus:
            answer = bus.call(manager, "GetAll", "s", "org.freedesktop.login1.Manager")
    except OutliveError:
        return None
    match answer:
        case [{"KillUserProcesses": ("b", kills), "KillOnlyUsers": (_, only), "KillExcludeUsers": (_, excluded)}]:
            # logind reports an unset list as an empty one.
            return LoginSettings(bool(kills), tuple(only), tuple(excluded) or None)
        case _:
            return None


def from_files(root: Path) -> LoginSettings:
    """Read logind's settings from its files below ``root``, else the defaults in the main file's comments."""
    kills: bool | None = None
    only: list[str] = []
    excluded: list[str] | None = None
    for key, value in _settings(root):
        words = [word.strip("\"'") for word in value.split()]
        match key:
            case "KillUserProcesses":
                kills = _boolean(value, kills)
            case "KillOnlyUsers":
                only = only + words if words else []
            case "KillExcludeUsers":
                excluded = (excluded or []) + words if words else []
    if kills is None:
        kills = _default(root)
    return LoginSettings(kills, tuple(only), None if excluded is None else tuple(excluded))


def _boolean(value: str, otherwise: bool | None) -> bool | None:
    word = value.lower()
    return True if word in _YES else False if word in _NO else otherwise


def _settings(root: Path) -> Iterator[tuple[str, str]]:
    """The settings of the [Login] sections in reading order: later ones override earlier ones."""
    if main := _main(root):
        yield from _section(main)
    by_name: dict[str, Path] = {}
    for parent in DIRECTORIES:
        directory = root / parent / "systemd/logind.conf.d"
        for path in sorted(directory.glob("*.conf")) if directory.is_dir() else []:
            by_name.setdefault(path.name, path)
    for _, path in sorted(by_name.items()):
        yield from _section(path)


def _main(root: Path) -> Path | None:
    paths = (root / parent / "systemd/logind.conf" for parent in DIRECTORIES)
    return next((path for path in paths if path.is_file()), None)


def _section(path: Path) -> Iterator[tuple[str, str]]:
    section, unfinished = "", ""
    for line in _lines(path):
        text = line.strip()
        if text.startswith(("#", ";")) or not (text or unfinished):
            continue
        if text.endswith("\\"):
            unfinished += text[:-1] + " "
            continue
        text, unfinished = unfinished + text, ""
        if text.startswith("["):
            section = text
        elif section == "[Login]" and "=" in text:
            key, _, value = text.partition("=")
            yield key.strip(), value.strip()


def _default(root: Path) -> bool | None:
    """The default from the main file, which lists the defaults as comments."""
    main = _main(root)
    for line in _lines(main) if main else []:
        key, _, value = line.partition("=")
        if key == "#KillUserProcesses":
            return _boolean(value.strip(), None)
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # An unreadable file gives no settings.
