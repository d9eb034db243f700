"""Reads the catalog: Outlive's files, overridden by the user's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from session_host.agents.agent import ARGUMENTS, PLACEHOLDERS, Agent
from session_host.agents.environment import CONDITIONS
from session_host.errors import ConfigError, NoSuchAgent
from session_host.toml_file import plain_problem, read_users_file

BUILT_IN_DIRECTORY = Path(__file__).parents[2] / "resources" / "agents"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_KEYS = frozenset(Agent.__struct_encode_fields__) - {"name"}
_REQUIRED = ("title", "executable", "monogram")
_CACHED_FILES = 64
"""The size of the cache of parsed files: enough for all of Outlive's files, and some of the user's."""


class Catalog(Mapping[str, Agent]):
    """All agents by name, in display order."""

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
            NoSuchAgent: no agent has this name; the message lists the names.
        """
        try:
            return self._agents[name]
        except KeyError:
            import difflib  # not needed for a correct name

            close = difflib.get_close_matches(name, self, n=1)
            meant = f"; did you mean {close[0]!r}? Available: " if close else "; available: "
            raise NoSuchAgent(f"unknown agent {name!r}{meant}{', '.join(self)}") from None


def load_catalog(config_dir: Path) -> Catalog:
    """Read the catalog.

    A user's file, ``agents/NAME.toml`` in ``config_dir``, adds an agent, or overrides the keys that it names of the
    product's agent.

    Raises:
        ConfigError: a file cannot be read or is invalid; the message names the file and the line.
    """
    agents = _read_agents(config_dir)
    if not agents:
        raise ConfigError(f"{BUILT_IN_DIRECTORY}: the agent catalog is missing; reinstall Outlive")
    return Catalog(agents)


def load_valid_agents(config_dir: Path, instead: Mapping[str, Agent]) -> tuple[Catalog, str]:
    """Read the catalog; an invalid file does not keep the other agents from being read.

    Args:
        config_dir: as for ``load_catalog``.
        instead: agents by name; they replace those whose files are invalid. An agent without a replacement is left out.

    Returns:
        The catalog, and the first problem of a file; "" if there is none.
    """
    try:
        return load_catalog(config_dir), ""
    except ConfigError as error:
        first_problem = str(error)
    agents: dict[str, Agent] = {}
    try:
        names = {path.stem for directory in _directories(config_dir) for path in _files(directory, None)}
    except ConfigError:
        names = set(instead)
    for name in names:
        try:
            agents |= {agent.name: agent for agent in _read_agents(config_dir, [name])}
        except ConfigError:
            agents |= {name: instead[name]} if name in instead else {}
    return Catalog(agents.values()), first_problem


def is_agent_name(name: str) -> bool:
    """Whether an agent may have this name; it is a part of its file's name."""
    return _NAME.fullmatch(name) is not None


def load_agent(config_dir: Path, name: str) -> Agent:
    """Load one agent of the catalog without the others' files: reading those takes longer than starting an agent.

    Raises:
        NoSuchAgent: no agent has this name; the message lists the names.
        ConfigError: as for ``load_catalog``.
    """
    return find_agent(config_dir, name) or load_catalog(config_dir).find(name)


def find_agent(config_dir: Path, name: str) -> Agent | None:
    """Load one agent as ``load_agent`` does; None if no agent has this name.

    Raises:
        ConfigError: as for ``load_catalog``.
    """
    return load_agents(config_dir, [name]).get(name)


def load_agents(config_dir: Path, names: Collection[str]) -> Mapping[str, Agent]:
    """Load the agents of these names without the others' files; names without an agent are left out.

    Raises:
        ConfigError: as for ``load_catalog``.
    """
    return Catalog(_read_agents(config_dir, [name for name in names if is_agent_name(name)]))


def _read_agents(config_dir: Path, names: Collection[str] | None = None) -> list[Agent]:
    """Read all agents, or only those of these names if they exist."""
    entries: dict[str, dict[str, Any]] = {}
    for directory in _directories(config_dir):
        for path in _files(directory, names):
            _merge(entries.setdefault(path.stem, {}), path)
    _find_files(entries, _directories(config_dir)[::-1])
    return [msgspec.convert({**_with_whole_paths(entry), "name": name}, Agent) for name, entry in entries.items()]


def _directories(config_dir: Path) -> tuple[Path, Path]:
    """The directories with agents' files: a file in the second one overrides one in the first."""
    return BUILT_IN_DIRECTORY, config_dir / "agents"


def _files(directory: Path, names: Collection[str] | None) -> list[Path]:
    try:
        files = [path for path in directory.iterdir() if path.suffix == ".toml"]
        return sorted(path for path in files if names is None or path.stem in names)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{directory}: cannot read it ({error.strerror}); it must be a directory") from error


def _merge(entry: dict[str, Any], path: Path) -> None:
    """Merge a file's keys into the entry, and check that the result is a valid agent."""
    if not is_agent_name(path.stem):
        raise ConfigError(f"{path}: agent names use only a-z, 0-9, - and _; rename the file")
    for key, value in _values(path, _read(path)).items():
        # A table is merged with the existing one, key by key.
        entry[key] = entry[key] | value if isinstance(value, dict) and key in entry else value
    missing = [key for key in _REQUIRED if key not in entry]
    if not missing and "start" not in entry and "chat_view" not in entry:
        missing = ["start"]
    if missing:
        raise ConfigError(f"{path}:1: the key {missing[0]!r} is missing")


@lru_cache(_CACHED_FILES)
def _values(path: Path, text: str) -> Mapping[str, Any]:
    """The checked values of a file with this text: parsing them takes ten times as long as reading the file."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib gives the line only in its message: "… (at line 3, column 9)" or "(at end of document)".
        location = re.search(r"at line (\d+)", str(error))
        line = int(location[1]) if location else len(text.splitlines())
        raise ConfigError(f"{path}:{line}: {error}") from error
    except RecursionError:
        raise ConfigError(f"{path}:1: too many nested levels") from None
    for key, value in values.items():
        if key == "accounts" and isinstance(value, dict):
            _check_accounts(value, path, text)
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise ConfigError(f"{path}:{_line(text, key)}: unknown key {key!r}; known keys: {known}")
        try:
            msgspec.convert({**_FILLER, key: value}, Agent)
        except msgspec.ValidationError as error:
            problem, _, place = str(error).partition(" - at ")
            named = ".".join(re.findall(r"\.([A-Za-z0-9_-]+)", place)) or key
            problem = plain_problem(problem).replace("`", "'")
            raise ConfigError(f"{path}:{_line(text, key)}: {named}: {problem}") from error
    for table, keys in _TEMPLATES.items():
        there = values.get(table, {}) if table else values
        for key in keys:
            if key in there:
                _check_template(
                    key, there[key], f"{path}:{_line(text, key, table)}", is_one_command=table != "chat_view"
                )
    if path.parent != BUILT_IN_DIRECTORY:  # Those of the product are correct, and compiling them takes a while.
        _check_patterns(values.get("signals", {}) | values.get("conversation", {}), str(path), text)
    for condition in values.get("env_if", {}).values():
        if condition not in CONDITIONS:
            there = ", ".join(map(repr, CONDITIONS))
            raise ConfigError(
                f"{path}:{_line(text, 'env_if')}: unknown condition {condition!r}; known conditions: {there}"
            )
    return values


_TEMPLATES = {
    "": ("start",),
    "conversation": ("resume", "picker"),
    "chat_view": ("start", "resume", "fork", "one_shot"),
}
"""The keys with templates, by their tables."""

_FILLER = {"name": "x", "title": "x", "executable": "x", "monogram": "x"}


_SECRET = re.compile(r".*(KEY|TOKEN|SECRET)", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_accounts(accounts: Mapping[str, Any], path: Path, text: str) -> None:
    """Check the accounts, as far as their types do not say it: paths only."""
    for name, account in accounts.items():
        location = f"{path}:{_line(text, f'accounts.{name}')}: accounts.{name}"
        if not is_agent_name(name):
            raise ConfigError(f"{location}: names of accounts use only a-z, 0-9, - and _")
        variables = account.get("env") if isinstance(account, dict) else None
        if variables == {}:
            raise ConfigError(f"{location}: env names no variable, such as CLAUDE_CONFIG_DIR")
        for variable, value in variables.items() if isinstance(variables, dict) else ():
            if _SECRET.fullmatch(variable):
                raise ConfigError(
                    f"{location}: {variable} is a secret, which no chat’s record may hold; leave it out, give the "
                    "account a directory of its own, and log in there once"
                )
            if not _VARIABLE.fullmatch(variable):
                raise ConfigError(f"{location}: {variable!r} is no name of a variable")
            if isinstance(value, str) and (not value.startswith(("/", "~/")) or not value.isprintable()):
                raise ConfigError(f"{location}: {variable} must be an absolute path, or begin with ~/")


def _with_whole_paths(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry with the paths of its accounts without ``~``: they are of the machine that reads the file."""
    accounts = {
        name: {"env": {key: str(Path(value).expanduser()) for key, value in account["env"].items()}}
        for name, account in entry.get("accounts", {}).items()
    }
    return {**entry, "accounts": accounts}


def _check_template(key: str, template: list[str | list[str]], location: str, *, is_one_command: bool) -> None:
    """Check an argv; that of a chat view may give the arguments to several commands."""
    if key == "start" and not (template and isinstance(template[0], str)):
        raise ConfigError(f"{location}: the first word of start must be the program alone")
    if is_one_command and template.count(ARGUMENTS) > 1:
        raise ConfigError(f"{location}: {ARGUMENTS!r} may occur only once in {key}")
    for part in template:
        if not part:
            raise ConfigError(f"{location}: a part of {key} is empty")
        for word in [part] if isinstance(part, str) else part:
            unknown = [found for found in re.findall(r"\{[a-z_]*\}", word) if found not in PLACEHOLDERS]
            if unknown or (ARGUMENTS in word and part != ARGUMENTS):
                known = ", ".join(PLACEHOLDERS)
                raise ConfigError(f"{location}: unknown placeholder {word!r} in {key}; known placeholders: {known}")
            if "\0" in word:
                raise ConfigError(f"{location}: {key} contains a NUL character")


# fmt: off
_PATTERNS = (
    "titles", "open_files", "open_files_aside", "strays", "empty_prompt", "user_prompt", "input_line", "start_question",
    "resumed_line", "form", "topic",
)
# fmt: on


def _check_patterns(signals: dict[str, Any], path: str, text: str) -> None:
    for key in _PATTERNS:
        value = signals.get(key, ())
        for pattern in [value] if isinstance(value, str) else value:
            try:
                re.compile(pattern)
            except re.error as error:
                location = f"{path}:{_line(text, key)}"
                raise ConfigError(f"{location}: invalid regular expression {pattern!r} ({error})") from error


def _find_files(entries: dict[str, dict[str, Any]], directories: tuple[Path, ...]) -> None:
    """Replace the names of an agent's files by paths: in the directory of its name, the user's own first."""
    for name, entry in entries.items():
        found = []
        for file in entry.get("files", ()):
            paths = [path for directory in directories if (path := directory / name / file).is_file()]
            if not paths or "/" in file:
                raise ConfigError(f"{directories[0] / name / file}: listed in `files` but missing")
            found.append(str(paths[0]))
        entry["files"] = found


def _read(path: Path) -> str:
    try:
        return read_users_file(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it ({error.strerror}); check the file's permissions") from error


def _line(text: str, key: str, table: str = "") -> int:
    """The line that sets a key, of a table or at the top level, or 1 if it is not found."""
    first = _line(text, table) if table else 1
    pattern = re.compile(rf"""\s*\[?\s*["']?{re.escape(key)}["']?\s*[\]=.]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if number >= first and pattern.match(line):
            return number
    return 1
