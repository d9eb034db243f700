"""Options from the command line, ``endpoint.toml`` and the resumed conversation.

The command line's options override the conversation's last settings, and these override the user's defaults.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from session_host.endpoint.conversation import MAX_TIMEOUT_S, Settings, check_id, valid_utf8
from session_host.endpoint.server.addresses import base_url
from session_host.endpoint.server.api_keys import check_source
from session_host.endpoint.server.parameters import parameters_of
from session_host.errors import ConfigError, UsageError
from session_host.toml_file import TomlFile

APIS: Final = ("auto", "chat", "responses")
DEFAULTS_FILE: Final = "endpoint.toml"
MAX_SYSTEM_BYTES: Final = 256 * 1024

_KEYS: Final[dict[str, type | tuple[type, ...]]] = {
    "url": str,
    "model": str,
    "system": str,
    "key_from": str,
    "api": str,
    "timeout_s": (int, float),
    "parameters": list,
}
_KINDS: Final[dict[str, str]] = {"timeout_s": "a number", "parameters": "a list of texts"}


class Options(NamedTuple):
    """Options of the command line; None for those not given."""

    conversation: str
    question: str
    """A question among the arguments, which is not asked; "" for none."""
    given: dict[str, Any]
    """The given fields of ``Settings``."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `python -m session_host.endpoint --help`")


def read_options(arguments: Sequence[str]) -> Options:
    """Parse the command line.

    Raises:
        UsageError: the command line is invalid.
        ConfigError: the system prompt's file cannot be read.
    """
    parser = _Parser(prog="outlive-endpoint", description=__doc__, allow_abbrev=False)
    # Questions were asked when the program still ran in a terminal; resumed chats may have them.
    parser.add_argument("prompt", nargs="?", default="", help=argparse.SUPPRESS)
    parser.add_argument("--ask", default="", help=argparse.SUPPRESS)
    parser.add_argument("-u", "--url", help="the server, such as http://127.0.0.1:8080/v1")
    parser.add_argument("-m", "--model", help="model (default: the server's)")
    parser.add_argument("--conversation", metavar="ID", help="conversation id; continues an existing one")
    system = parser.add_mutually_exclusive_group()
    system.add_argument("--system", metavar="TEXT", help="the system prompt")
    system.add_argument("--system-file", metavar="FILE", help="the file with the system prompt")
    parser.add_argument("--key-from", metavar="SOURCE", help="env:NAME, file:PATH or secret; by default OPENAI_API_KEY")
    parser.add_argument("--api", choices=APIS, help="server API (default: detected)")
    usual = f"{Settings(url='').timeout_s:g}"
    parser.add_argument(
        "--timeout", metavar="S", type=float, help=f"seconds without data before giving up (default: {usual})"
    )
    arguments, after_dashes = list(arguments), ""
    if "--" in arguments:
        # argparse's intermixed parsing treats words with a leading dash as options even after "--".
        index = arguments.index("--")
        arguments, after_dashes = arguments[:index], " ".join(arguments[index + 1 :])
    parsed = parser.parse_intermixed_args(arguments)
    if parsed.timeout is not None and not 0 < parsed.timeout < MAX_TIMEOUT_S:
        raise UsageError(f"--timeout {parsed.timeout:g}: give more than 0 and less than {MAX_TIMEOUT_S:g} seconds")
    given: dict[str, Any] = {
        "url": base_url(parsed.url) if parsed.url is not None else None,
        "model": parsed.model,
        "system": _read_system_prompt(Path(parsed.system_file)) if parsed.system_file is not None else parsed.system,
        "key_from": check_source(parsed.key_from) if parsed.key_from is not None else None,
        "api": parsed.api,
        "timeout_s": parsed.timeout,
    }
    return Options(
        conversation=check_id(parsed.conversation) if parsed.conversation else str(uuid.uuid4()),
        question=parsed.ask or parsed.prompt or after_dashes,
        given={name: _valid(value) for name, value in given.items() if value is not None},
    )


def initial_settings(
    options: Options,
    first: Settings | None,
    recorded: Settings | None,
    defaults: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Settings:
    """The settings that the chat starts with.

    Args:
        options: the command line's options.
        first: the first settings of the resumed conversation, None for a new one.
        recorded: the last settings of the resumed conversation.
        defaults: the user's defaults, as ``read_defaults`` returns them, for a new conversation.
        environment: where ``OPENAI_BASE_URL`` is looked up.

    Raises:
        UsageError: no server is given.
    """
    if first is not None and recorded is not None:
        # A resume repeats the chat's first command line: only options that differ from it override the last settings.
        changed = {name: value for name, value in options.given.items() if value != getattr(first, name)}
        values = {name: getattr(recorded, name) for name in Settings.__struct_fields__} | changed
    else:
        values = {**defaults, **options.given}
        if not values.get("url") and environment.get("OPENAI_BASE_URL"):
            values["url"] = base_url(environment["OPENAI_BASE_URL"])
    if not values.get("url"):
        raise UsageError(
            f"no server given; use: outlive new endpoint -m MODEL -u URL, or set url in {DEFAULTS_FILE} in the "
            "configuration directory"
        )
    return Settings(**values)


def read_defaults(config_dir: Path) -> dict[str, Any]:
    """Read the user's defaults from ``endpoint.toml`` of the configuration directory; empty if the file is missing.

    Raises:
        ConfigError: the file cannot be read or is invalid.
    """
    file = TomlFile.read(config_dir / DEFAULTS_FILE)
    values = file.values()
    for key, value in values.items():
        if key not in _KEYS:
            raise file.error((key,), f"unknown setting '{key}'; known: {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise file.error((key,), f"{key} must be {_KINDS.get(key, 'text')}")
        try:
            match key:
                case "url" if value:
                    values[key] = base_url(values[key])
                case "key_from" if value:
                    check_source(values[key])
                case "parameters":
                    values[key] = parameters_of(map(str, values[key]))
        except UsageError as error:
            raise file.error((key,), str(error)) from error
    if not 0 < values.get("timeout_s", 1) < MAX_TIMEOUT_S:
        raise file.error(("timeout_s",), f"timeout_s must be more than 0 and less than {MAX_TIMEOUT_S:g}")
    if values.get("api", "auto") not in APIS:
        raise file.error(("api",), f"api must be one of {', '.join(APIS)}")
    return values


def why_no_start(directory: Path, arguments: Sequence[str] | None, environment: Mapping[str, str]) -> str:
    """Why a new conversation cannot begin; "" if it can.

    Args:
        directory: the configuration directory.
        arguments: the command line; None checks the user's defaults alone.
        environment: where ``OPENAI_BASE_URL`` is looked up.
    """
    try:
        defaults = read_defaults(directory)
        if arguments is not None:
            initial_settings(read_options(arguments), None, None, defaults, environment)
    except (ConfigError, UsageError) as error:
        return str(error)
    return ""


def _read_system_prompt(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SYSTEM_BYTES:
            raise ConfigError(f"{path}: too large for a system prompt (limit: {MAX_SYSTEM_BYTES // 1024} KB)")
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it ({error.strerror})") from error


def _valid(value: Any) -> Any:
    return valid_utf8(value) if isinstance(value, str) else value
