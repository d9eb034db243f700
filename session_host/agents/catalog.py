"""Reading the catalog: the product's files, and the user's on top of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from session_host.agents.agent import ARGUMENTS, SHELL, Agent
from session_host.errors import ConfigError, NoSuchAgent

BUILT_IN_DIRECTORY = Path(__file__).parents[2] / "resources" / "agents"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_KEYS = frozenset(Agent.__struct_fields__) - {"name"}
_REQUIRED = ("title", "executable", "start", "monogram")


class Catalog(Mapping[str, Agent]):
    """All agents by name, in the order in which they are shown."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        ordered = sorted(agents, key=lambda agent: (agent.position, agent.name))
        self._agents = {agent.name: agent for agent in ordered}

    def __getitem__(self, name: str) -> Agent:
        return self._agents[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._agents)

    def __len__(self) -> int:
        return len(self._agents)

    def find(self, name: str) -> Agent:
        """The agent of this name.

        Raises:
            NoSuchAgent: there is none; the message lists those that there are.
        """
        try:
            return self._agents[name]
        except KeyError:
            raise NoSuchAgent(f"no agent is called {name!r}; there are: {', '.join(self)}") from None


def load_catalog(config_dir: Path) -> Catalog:
    """Read the catalog.

    A file of the user's, ``agents/NAME.toml`` in ``config_dir``, adds an agent, or changes the keys
    which it names of the one that comes with the product.

    Raises:
        ConfigError: a file cannot be read or makes no sense; names the file and the line.
    """
    entries: dict[str, dict[str, Any]] = {}
    for directory in (BUILT_IN_DIRECTORY, config_dir / "agents"):
        for path in _files(directory):
            _merge(entries.setdefault(path.stem, {}), path)
    if not entries:
        raise ConfigError(f"{BUILT_IN_DIRECTORY}: the agent catalog is missing; install Outlive again")
    return Catalog(msgspec.convert(entry | {"name": name}, Agent) for name, entry in entries.items())


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{directory}: cannot be read ({error.strerror})") from error


def _merge(entry: dict[str, Any], path: Path) -> None:
    """Put the file's keys into the entry, and check that an agent comes of it."""
    if not _NAME.fullmatch(path.stem):
        raise ConfigError(f"{path}: an agent's name is of a-z, 0-9, - and _; rename the file")
    text = _read(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib names the place in its message only: "… (at line 3, column 9)" or "(at end of document)".
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        raise ConfigError(f"{path}:{line}: {error}") from error
    except RecursionError:
        raise ConfigError(f"{path}:1: is nested too deep to be read") from None
    for key, value in values.items():
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise ConfigError(f"{path}:{_line(text, key)}: unknown key {key!r}; there are: {known}")
        try:
            msgspec.convert({**_FILLER, key: value}, Agent)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{path}:{_line(text, key)}: {error}") from error
    if "start" in values:
        _check_start(values["start"], f"{path}:{_line(text, 'start')}")
    inherited = entry.get("env", {})
    entry.update(values)
    if "env" in values:
        entry["env"] = inherited | values["env"]
    if missing := [key for key in _REQUIRED if key not in entry]:
        raise ConfigError(f"{path}:1: the key {missing[0]!r} is missing")


_FILLER = {"name": "x", "title": "x", "executable": "x", "start": [], "monogram": "x"}


def _check_start(start: list[str], place: str) -> None:
    if start.count(ARGUMENTS) > 1:
        raise ConfigError(f"{place}: {ARGUMENTS!r} may stand in start once")
    for word in start:
        if ("{" in word or "}" in word) and word not in (ARGUMENTS, SHELL):
            raise ConfigError(f"{place}: {word!r} in start is not one of {ARGUMENTS!r}, {SHELL!r}")
        if "\0" in word:
            raise ConfigError(f"{place}: a word of start holds a NUL character")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from error


def _line(text: str, key: str) -> int:
    """The line that sets a top-level key, or 1 if it is spelled in a way that we do not find."""
    pattern = re.compile(rf"""\s*\[?\s*["']?{re.escape(key)}["']?\s*[\]=.]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number
    return 1
