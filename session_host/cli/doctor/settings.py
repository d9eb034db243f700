"""Checks the user's settings files."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Container, Iterator
from pathlib import Path

from session_host.cli.doctor.check import Check, fail, ok, warn
from session_host.cli.model_server import why_no_start
from session_host.client.chats.settings import load_chat_settings
from session_host.errors import ConfigError
from session_host.paths import config_dir
from session_host.system.installation import missing_modules, own_python
from session_host.toml_file import TomlFile

FILES = ("window.toml", "keys.toml", "chats.toml", "endpoint.toml")
_REMEDY = "fix the file, or move it away"
_TIMEOUT_S = 20.0
_PROBLEMS = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gui.window.actions.keys import print_problems; print_problems(sys.argv[2])"
)


def settings() -> Iterator[Check]:
    """One check for each problem; one for all files if there is none."""
    directory = config_dir()
    invalid: set[str] = set()
    for name in FILES:
        path = directory / name
        if problem := _problem(path):
            invalid.add(name)
            if name == "chats.toml":
                yield fail(name, f"{problem}; chats cannot start", _REMEDY)
            elif name == "endpoint.toml":
                yield _of_endpoints(problem)
            else:
                yield warn(name, f"{problem}; using the defaults", _REMEDY)
        elif name == "chats.toml":
            try:
                load_chat_settings(directory)
            except ConfigError as error:
                invalid.add(name)
                yield fail(name, f"{error}; chats cannot start", _REMEDY)
        elif name == "endpoint.toml" and path.exists() and (problem := _problem_of_endpoints()):
            invalid.add(name)
            yield _of_endpoints(problem)
    wrong = list(_of_the_window(directory, invalid))
    yield from wrong
    if not invalid and not wrong:
        found = [name for name in FILES if (directory / name).exists()]
        found += sorted(f"agents/{path.name}" for path in (directory / "agents").glob("*.toml"))
        yield ok("settings", f"{', '.join(found)} in {directory}" if found else f"none in {directory}")


def _of_the_window(directory: Path, invalid: Container[str]) -> Iterator[Check]:
    """The problems that the window finds in files of valid TOML: unknown names, wrong values, keys that collide.

    The window's own code finds them, in another process, because it knows keys by Qt. Without Qt there is no window.
    """
    names = [name for name in ("window.toml", "keys.toml") if name not in invalid and (directory / name).exists()]
    if not names or missing_modules("window"):
        return
    try:
        lines: list[str] = json.loads(_run(_PROBLEMS, directory))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield warn("settings", f"cannot check {' and '.join(names)}: {error}", 'see "window" above')
        return
    for line in lines:
        location, _, problem = line.partition(": ")
        path = directory / re.sub(r":\d+$", "", location)  # An absolute path stays what it is.
        if path.name not in invalid:
            yield warn(path.name, f"{directory / location}: {problem}", _REMEDY)


def _problem_of_endpoints() -> str:
    try:
        return why_no_start()
    except (OSError, subprocess.SubprocessError) as error:
        return f"cannot be checked: {error}"


def _of_endpoints(problem: str) -> Check:
    return warn("endpoint.toml", f"{problem}; chats with a model server cannot start", _REMEDY)


def _run(code: str, directory: Path) -> str:
    """The output of a process that checks files of the configuration directory.

    Raises:
        OSError, subprocess.SubprocessError: the process failed.
    """
    return subprocess.run(
        [*own_python(), "-c", code, str(Path(__file__).parents[3]), str(directory)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout


def _problem(path: Path) -> str:
    """The reason why the file is not valid TOML, with its line; "" if it is valid."""
    try:
        TomlFile.read(path).values()
    except ConfigError as error:
        return str(error)
    return ""
