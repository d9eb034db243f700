"""The machines that the user added: ``machines.toml``, a name and a destination each."""

from __future__ import annotations

import re
from typing import NamedTuple

from session_host.errors import ConfigError, NoSuchMachine, UsageError
from session_host.paths import config_dir, ensure_private
from session_host.system.files import replace_file
from session_host.toml_file import TomlFile

FILE = "machines.toml"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
HERE = "here"
"""The name of this machine on the command line, also in `outlive ls --on all --json`."""

ALL = "all"


class MachineEntry(NamedTuple):
    """A machine: its name, and its destination as ssh takes it (``user@host``, a name of the ssh configuration)."""

    name: str
    destination: str


def machines() -> list[MachineEntry]:
    """The machines, in the file's order.

    Raises:
        ConfigError: the file cannot be read.
    """
    file = TomlFile.read(config_dir() / FILE)
    entries = []
    for name, destination in file.convert(dict[str, str]).items():
        problem = problem_of_name(name) or problem_of_destination(destination)
        if problem:
            raise file.error((name,), problem)
        entries.append(MachineEntry(name, destination))
    return entries


def machine_named(name: str) -> MachineEntry:
    """The machine of this name.

    Raises:
        NoSuchMachine: there is none.
    """
    for entry in machines():
        if entry.name == name:
            return entry
    raise NoSuchMachine(f"no machine is called {name!r}; see `outlive machines`")


def split(text: str) -> tuple[MachineEntry | None, str]:
    """Split ``MACHINE:CHAT`` as the user wrote it; None for this machine, (None, text) if no machine is named."""
    name, colon, chat = text.partition(":")
    if colon and name == HERE:
        return None, chat
    if colon and NAME.fullmatch(name):
        for entry in machines():
            if entry.name == name:
                return entry, chat
    return None, text


def add(entry: MachineEntry) -> None:
    """Add a machine.

    Raises:
        UsageError: the name or the destination is invalid, or the name is in use.
        ConfigError: the file cannot be written.
    """
    check_new(entry)
    _write([*machines(), entry])


def check_new(entry: MachineEntry) -> None:
    """Check that a machine can be added.

    Raises:
        UsageError: the name or the destination is invalid, or the name is in use.
    """
    if problem := problem_of_name(entry.name) or problem_of_destination(entry.destination):
        raise UsageError(problem)
    if any(each.name == entry.name for each in machines()):
        raise UsageError(f"{entry.name} is a machine already; see `outlive machines`")


def remove(name: str) -> None:
    """Forget a machine.

    Raises:
        NoSuchMachine: there is none of this name.
        ConfigError: the file cannot be written.
    """
    entry = machine_named(name)
    _write([each for each in machines() if each != entry])


def _write(entries: list[MachineEntry]) -> None:
    path = config_dir() / FILE
    lines = [f'"{entry.name}" = "{entry.destination}"\n' for entry in entries]
    try:
        ensure_private(path.parent)
        replace_file(path, "".join(lines).encode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot write it ({error.strerror})") from error


def problem_of_name(name: str) -> str:
    """Why a machine cannot have this name, one line; "" if it can."""
    if name in {HERE, ALL}:
        return f"{name!r} has a meaning of its own; choose another name"
    if not NAME.fullmatch(name):
        return f"{name!r}: a machine's name has letters, digits, '.', '_' and '-', and begins with a letter or digit"
    return ""


def problem_of_destination(destination: str) -> str:
    """Why ssh cannot get this destination, one line; "" if it can."""
    if not destination or destination.startswith("-") or not destination.isprintable():
        return f"{destination!r} is no destination; write it as for ssh: HOST, USER@HOST or ssh://USER@HOST:PORT"
    if any(each in destination for each in "\"\\'` $;&|<>(){}"):
        return f"{destination!r} is no destination; write it as for ssh: HOST, USER@HOST or ssh://USER@HOST:PORT"
    return ""
