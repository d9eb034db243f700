"""The user's saved prompts: Markdown files in the directory ``prompts`` of the configuration directory.

The file's name without ``.md`` is the prompt's name, and the file's text is the prompt. Lines between ``---`` at its
beginning are optional::

    ---
    description: What to look at in a review
    agents: claude, codex
    directory: ~/src/api
    ---
    Review the changes since the last commit …

With ``agents``, the prompt is offered only for these agents; with ``directory``, only in this directory and below it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Container, Iterable
from pathlib import Path

from msgspec import Struct

from session_host.errors import ConfigError
from session_host.system.files import read_regular
from session_host.toml_writing import write_text

SUFFIX = ".md"
MAX_FILES = 1000
MAX_BYTES = 256 * 1024
MAX_NAME_BYTES = 200
FRONT = "---"
_OF_OTHERS = frozenset({"argument-hint", "allowed-tools", "model", "disable-model-invocation", "title", "tags"})
"""Keys in custom prompts of Claude Code and Codex, and of notes; they have no effect here."""


class PromptExists(ConfigError):
    """A prompt has this name."""


class SavedPrompt(Struct, frozen=True):
    """A saved prompt.

    Attributes:
        name: its name.
        text: the prompt, without empty lines at its ends.
        path: its file.
        description: what the user wrote about it; "" for nothing.
        agents: the names of the agents that it is for; empty for all.
        directory: the absolute directory that it is for; "" for all.
    """

    name: str
    text: str
    path: Path
    description: str = ""
    agents: tuple[str, ...] = ()
    directory: str = ""

    def fits(self, agent: str, directories: Iterable[str]) -> bool:
        """Whether the prompt is for this agent, and for one of these absolute directories."""
        if self.agents and agent not in self.agents:
            return False
        return not self.directory or any(
            Path(os.path.normpath(directory)).is_relative_to(self.directory) for directory in directories
        )


class BrokenPrompt(Struct, frozen=True):
    """A file that is no prompt.

    Attributes:
        path: the file.
        line: the line with the problem; the first has the number 1.
        problem: what is wrong.
    """

    path: Path
    line: int
    problem: str


class _Broken(Exception):
    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(problem)
        self.line = line


def prompts_directory(config: Path) -> Path:
    """The directory of the prompts; it may not exist."""
    return config / "prompts"


def read_prompts(directory: Path, agents: Container[str]) -> tuple[list[SavedPrompt], list[BrokenPrompt]]:
    """Read all prompts of a directory, sorted by name; ``agents`` has the names of all agents."""
    found: list[SavedPrompt] = []
    broken: list[BrokenPrompt] = []
    try:
        paths = [path for path in directory.iterdir() if path.suffix == SUFFIX and not path.name.startswith(".")]
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [BrokenPrompt(directory, 1, str(error.strerror))]
    for path in sorted(paths, key=lambda path: (path.stem.casefold(), path.stem))[:MAX_FILES]:
        try:
            found.append(_parsed(path, _content(path), agents))
        except _Broken as error:
            broken.append(BrokenPrompt(path, error.line, str(error)))
    return found, broken


def _content(path: Path) -> str:
    try:
        content = read_regular(path, MAX_BYTES)
    except OSError as error:
        reasons = {errno.EINVAL: "not a file", errno.EFBIG: f"longer than {MAX_BYTES // 1024} KiB"}
        raise _Broken(reasons.get(error.errno or 0, str(error.strerror))) from error
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _Broken("not UTF-8", content.count(b"\n", 0, error.start) + 1) from error


def _parsed(path: Path, content: str, agents: Container[str]) -> SavedPrompt:
    lines = content.split("\n")
    values: dict[str, str] = {}
    first = 0
    if lines[0].rstrip() == FRONT:
        end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == FRONT), 0)
        if not end:
            raise _Broken(f"'{FRONT}' has no second '{FRONT}'")
        for number, line in enumerate(lines[1:end], 2):
            if line.strip() and not line.startswith("#"):
                key, value = _value(line, number, agents)
                values[key] = value
        first = end + 1
    text = "\n".join(lines[first:]).strip("\n")
    if not text.strip():
        raise _Broken("the prompt is empty", first + 1)
    return SavedPrompt(
        path.stem,
        text,
        path,
        values.get("description", ""),
        _names(values.get("agents", "")),
        values.get("directory", ""),
    )


def _value(line: str, number: int, agents: Container[str]) -> tuple[str, str]:
    """The key and the value of a line between ``---``."""
    key, colon, value = line.partition(":")
    key, value = key.strip(), value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if not colon:
        raise _Broken(f"'{line.strip()[:40]}' is not 'key: value'", number)
    if key not in {"description", "agents", "directory"} and key not in _OF_OTHERS:
        raise _Broken(f"unknown key '{key[:40]}'", number)
    unknown = [name for name in _names(value) if name not in agents] if key == "agents" else []
    if unknown:
        raise _Broken(f"there is no agent '{unknown[0][:40]}'", number)
    if key == "directory":
        value = _absolute(value, number)
    return key, value


def _absolute(directory: str, number: int) -> str:
    try:
        path = Path(directory).expanduser()
    except RuntimeError as error:
        raise _Broken(f"directory: {error}", number) from error
    if not path.is_absolute():
        raise _Broken("directory: write an absolute path, or one that begins with ~", number)
    return os.path.normpath(path)


def _names(value: str) -> tuple[str, ...]:
    """The names in a list such as "a, b" or "[a, b]"."""
    names = (name.strip().strip("\"'") for name in value.strip("[]").split(","))
    return tuple(name for name in names if name)


def name_problem(name: str) -> str:
    """Why a prompt cannot have this name, as one of "empty", "slash", "dot", "long", "control"; "" if it can."""
    if not name.strip():
        return "empty"
    if "/" in name:
        return "slash"
    if name.startswith("."):
        return "dot"
    if len(name.encode(errors="replace")) > MAX_NAME_BYTES:
        return "long"
    return "" if name.isprintable() else "control"


def write_prompt(directory: Path, prompt: SavedPrompt, *, replace: bool = False) -> None:
    """Write a prompt into its file.

    Raises:
        PromptExists: a prompt has this name, and ``replace`` is False.
        ConfigError: the file cannot be written.
    """
    path = directory / f"{prompt.name}{SUFFIX}"
    if not replace and os.path.lexists(path):
        raise PromptExists(f"{path}: exists")
    head = [f"agents: {', '.join(prompt.agents)}"] * bool(prompt.agents)
    head += [f"directory: {prompt.directory}"] * bool(prompt.directory)
    text = prompt.text.strip("\n")
    if head or text.startswith(FRONT):
        text = "\n".join([FRONT, *head, FRONT, text])
    write_text(path, f"{text}\n")
