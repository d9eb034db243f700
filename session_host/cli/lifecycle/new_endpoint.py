"""Options of ``outlive new endpoint``: server, model and key."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from session_host.errors import ConfigError, UsageError
from session_host.paths import config_dir
from session_host.toml_file import TomlFile

AGENT = "endpoint"
DEFAULTS_FILE = "endpoint.toml"

_OPTIONS = {"model": "--model", "url": "--url", "system": "--system", "key": "--key"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the endpoint's options to the parser."""
    group = parser.add_argument_group(
        "for endpoint", f"A chat with any OpenAI-compatible server. Defaults are in {DEFAULTS_FILE} (url, model, …)."
    )
    group.add_argument("-m", "--model", metavar="MODEL", help="model (default: the server's)")
    group.add_argument("-u", "--url", metavar="URL", help="server address, such as http://127.0.0.1:8080/v1")
    group.add_argument("--system", metavar="TEXT", help="system prompt")
    group.add_argument("--key", metavar="SOURCE", help="source of the API key: env:NAME, file:PATH or secret")


def with_options(options: argparse.Namespace, agent_name: str, arguments: list[str]) -> list[str]:
    """The agent's arguments, preceded by these options as the program's own.

    Args:
        options: the parsed options.
        agent_name: the agent to start.
        arguments: the arguments after ``--``.

    Raises:
        UsageError: the options are for another agent, or no server is given.
    """
    given = [
        (option, getattr(options, name)) for name, option in _OPTIONS.items() if getattr(options, name) is not None
    ]
    if agent_name != AGENT:
        if given:
            raise UsageError(
                f"{given[0][0]} works only with `outlive new endpoint`; put arguments for {agent_name} after --"
            )
        return arguments
    words: list[str] = []
    for option, value in given:
        if option == "--key":
            words += ["--key-from", _source(value)]
        else:
            # A value may begin with a dash, so option and value are one word.
            words.append(f"{option}={value}")
    words += arguments
    # A conversation that is continued has its server's address.
    if not any(word.startswith(("-u", "--url", "--conversation", "-h", "--help")) for word in words):
        _check_defaults()
    return words


def _check_defaults() -> None:
    """Check that the program will find a server, so that the new chat does not end at once."""
    if os.environ.get("OPENAI_BASE_URL"):
        return
    path = config_dir() / DEFAULTS_FILE
    try:
        if TomlFile.read(path).values().get("url"):
            return
    except ConfigError:
        return  # The program reports the file's problem.
    raise UsageError(f"no server given; use: outlive new endpoint -m MODEL -u URL, or set url in {path}")


def _source(text: str) -> str:
    """The key's source; a path is made absolute, since the program runs in the chat's directory."""
    kind, _, rest = text.partition(":")
    if text == "secret" or (kind == "env" and rest):
        return text
    if kind == "file" and rest:
        return f"file:{Path(rest).expanduser().absolute()}"
    raise UsageError("--key takes a source, not the key itself: env:NAME, file:PATH or secret")
