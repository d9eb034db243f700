"""Builds an agent's environment: the caller's without the variables of the caller's terminal, and the agent's own.

Variables with an agent's settings are merged with the user's. An interactive bash, zsh or fish marks its prompts by its
environment alone.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from .agent import FILES, Agent, login_shell

_MAX_LOCK_BYTES = 16 * 1024 * 1024

_ANY_SESSIONS_FILES = r"\S*/sessions/[0-9a-f-]{36}/agent"
"""A pattern for the value of ``{files}`` in a variable of another chat, from which this chat is started."""

COLORS_VARIABLE: Final = "OUTLIVE_COLORS"
"""The terminal colours of the computer that starts a chat here over ssh, as JSON."""

# fmt: off
# A "*" at the end matches any ending.
TERMINAL_VARIABLES = (
    # Variables that describe the caller's terminal, multiplexer or editor; programs would take them for the session's
    # terminal, and communicate with the wrong one.
    "TMUX*", "STY", "ZELLIJ*", "WINDOW", "WINDOWID", "COLUMNS", "LINES", "COLORFGBG", "TERMCAP", "TERMINFO",
    "VTE_VERSION", "TERM_PROGRAM*", "TERM_SESSION_ID", "LC_TERMINAL*", "XTERM_*", "KITTY_*", "GHOSTTY_*",
    "ALACRITTY_*", "WEZTERM_*", "KONSOLE_*", "ITERM_*", "GNOME_TERMINAL_*", "TERMINATOR_UUID", "TILIX_ID",
    "FOOT_*", "WT_SESSION", "WT_PROFILE_ID", "INSIDE_EMACS", "VIM", "VIMRUNTIME", "VIM_TERMINAL", "VIM_SERVERNAME",
    "MYVIMRC", "NVIM", "NVIM_LISTEN_ADDRESS", "VSCODE_*", "CURSOR_TRACE_ID", "ZED_TERM", "ZED_ENVIRONMENT",
    "TERMINAL_EMULATOR", "INTELLIJ_*", "PYDEVD_*", "GEMINI_CLI_IDE_*", "QWEN_CODE_IDE_*",
    # The desktop's permission for one program to come to the front: the caller has used it.
    "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID",
    # The session has its own directory and is not a sub-shell.
    "PWD", "OLDPWD", "SHLVL", "_",
)

OWN_PARTS_VARIABLES = (
    # Variables with which a program starts its own parts: an editor's interpreter, a packed program's libraries, our
    # own window. Another program of the same kind would take them for its own.
    "ELECTRON_RUN_AS_NODE", "ELECTRON_NO_ATTACH_CONSOLE", "ELECTRON_NO_ASAR", "CHROME_DESKTOP",
    "ORIGINAL_XDG_CURRENT_DESKTOP", "APPDIR", "APPIMAGE", "ARGV0", "OWD", "SNAP", "SNAP_*", "PYSIDE6_OPTION_*",
)

NESTING_VARIABLES = (
    # Variables that agents set for the programs they run. A new chat that is started within an agent is not part of
    # that agent. The agents' settings (CLAUDE_CODE_USE_BEDROCK, CODEX_HOME …) and the user's keys and tokens
    # (ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN …) belong to the user, and stay; the tokens of one session do not.
    "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_*", "CLAUDE_CODE_CHILD_*", "CLAUDE_CODE_REMOTE*",
    "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_EXECPATH", "CLAUDE_CODE_MESSAGING_*", "CLAUDE_CODE_SPAWN*",
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    "CLAUDE_CODE_WEBSOCKET_AUTH_FILE_DESCRIPTOR", "CLAUDE_SESSION_INGRESS_*", "CLAUDE_BG_*", "CLAUDE_BRIDGE_*",
    "CLAUDE_AGENT_SDK_*", "CLAUDE_INTERNAL_*", "CLAUDE_SSH_DAEMON_CHILD", "CLAUDE_TRUSTED_DEVICE_TOKEN",
    "CLAUDE_PROJECT_DIR", "CLAUDE_PLUGIN_*", "CLAUDE_ENV_FILE", "CLAUDE_PID", "CLAUDE_EFFORT", "AI_AGENT",
    "CODEX_THREAD_ID", "CODEX_SESSION_ID", "CODEX_TOOL_CALL_ID", "CODEX_CI", "CODEX_SANDBOX*",
    "OPENCODE", "OPENCODE_PID", "GEMINI_CLI", "COPILOT_CLI", "COPILOT_AGENT_SESSION_ID", "COPILOT_LOADER_PID",
    "QWEN_CODE", "QWEN_CODE_SESSION_ID", "QWEN_CODE_MESSAGING_*",
    "OUTLIVE_SESSION", "OUTLIVE_SOCKET", "OUTLIVE_REPORT_ID", "OUTLIVE_AGENT_CHATS", "OUTLIVE_TERMINAL",
    COLORS_VARIABLE,
)
# fmt: on

_ASKPASS = ("GIT_ASKPASS", "SSH_ASKPASS")
"""Of an editor's terminal, these name scripts that work only with the editor's other variables."""

_REMOVED = TERMINAL_VARIABLES + OWN_PARTS_VARIABLES + NESTING_VARIABLES
_REMOVED_NAMES = frozenset(each for each in _REMOVED if not each.endswith("*"))
_REMOVED_BEGINNINGS = tuple(each.removesuffix("*") for each in _REMOVED if each.endswith("*"))
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SHELL_DIRECTORY: Final = Path(__file__).parents[2] / "resources" / "shell"
OFF_VARIABLE: Final = "OUTLIVE_SHELL_INTEGRATION"
"""Set to ``0``, a chat's shell is left alone."""

_INTERACTIVE_OPTIONS: Final = frozenset({"-i", "-l", "-il", "-li", "--login", "--interactive"})
"""Options with which a shell is interactive and reads its usual files."""

_DEFAULT_DATA_DIRECTORIES: Final = "/usr/local/share:/usr/share"


def child_environment(
    base: Mapping[str, str] | None,
    agent: Agent,
    overrides: Mapping[str, str],
    files: str = "",
    engine: str = "ghostty",
    directory: str = "",
) -> dict[str, str]:
    """The environment in which to start the agent.

    The result is the caller's environment with these changes, in order. It loses the variables of the caller's
    terminal, and of an agent that the caller runs in. It gets the variables of the desktop that the caller lacks, then
    ``TERM`` and ``COLORTERM``, the agent's own settings, and last the user's overrides. Variables that are not valid
    UTF-8 are left out: a launch spec cannot carry them.

    Args:
        base: the caller's environment; this process's own if None.
        agent: the agent; its ``env`` and ``scrub_env`` are applied.
        overrides: variables that the user set for this session.
        files: the directory of the agent's files for this session.
        engine: the terminal emulator's name.
        directory: the agent's working directory; "" leaves out variables that depend on it.
    """
    base = os.environ if base is None else base
    environment = {
        name: value
        for name, value in base.items()
        if _is_text(name) and _is_text(value) and not _is_removed(name, agent.scrub_env)
    }
    if "VSCODE_GIT_ASKPASS_NODE" in base:
        environment = {name: value for name, value in environment.items() if name not in _ASKPASS}
    environment |= _missing(environment)
    identity = agent.identity
    environment |= {"TERM": identity.term, "COLORTERM": identity.colorterm}
    if identity.program and engine in identity.engines:
        environment |= {"TERM_PROGRAM": identity.program, "TERM_PROGRAM_VERSION": identity.program_version}
    merged = set()
    for name, value in agent.env.items():
        condition = agent.env_if.get(name)
        if condition is None or (directory and CONDITIONS[condition].holds({**environment, **overrides}, directory)):
            environment[name] = variable(value, files, overrides.get(name, environment.get(name, "")))
            merged |= {name} if is_merged(value) else set()
    # The user's value wins; merged variables include it already.
    environment |= {name: value for name, value in overrides.items() if name not in merged}
    return environment


def chats_path(environment: Mapping[str, str], own: str, command: str) -> str:
    """The PATH of a chat.

    Args:
        environment: the chat's environment.
        own: the directory of Outlive's own programs, which the chat gets only if the user has activated it: an agent's
            ``python`` and ``pip`` would be Outlive's. "" for none.
        command: the directory that holds ``outlive`` alone, at the end; "" for none.
    """
    entries = environment["PATH"].split(os.pathsep)
    if own and environment.get("VIRTUAL_ENV", "") != os.path.dirname(own):  # noqa: PTH120 - compared as text
        entries = [each for each in entries if each.rstrip("/") != own]
    return os.pathsep.join([*(each for each in entries if each != command), *filter(None, [command])])


def missing_integration(agent: Agent, environment: Mapping[str, str], directory: str) -> str:
    """A message about features that a chat lacks because variables were not set; "" for none.

    Args:
        agent: the chat's agent.
        environment: the chat's environment.
        directory: the agent's working directory.
    """
    conditions = {name: CONDITIONS[name] for name in agent.env_if.values()}
    return " ".join(each.otherwise for each in conditions.values() if not each.holds(environment, directory))


def _missing(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that programs rely on and this environment lacks, as under cron or a bare service."""
    try:
        account = pwd.getpwuid(os.getuid())
        name, home = account.pw_name, account.pw_dir
    except KeyError:
        name, home = str(os.getuid()), "/"
    defaults = {
        "HOME": home,
        "USER": name,
        "LOGNAME": environment.get("USER") or name,
        "SHELL": login_shell(environment),
        "PATH": _DEFAULT_PATH,
    }
    if not any(environment.get(variable) for variable in ("LC_ALL", "LC_CTYPE", "LANG")):
        # Without a locale, programs fall back to ASCII and break the agents' box drawing.
        defaults["LANG"] = "C.UTF-8"
    return {variable: value for variable, value in defaults.items() if not environment.get(variable)}


def _is_removed(name: str, patterns: Sequence[str]) -> bool:
    # Most names are not patterns; compiling a pattern for each takes longer than the rest of a command.
    return (
        name in _REMOVED_NAMES
        or name.startswith(_REMOVED_BEGINNINGS)
        or any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def _is_text(value: str) -> bool:
    """Whether the value has no undecodable byte (os.environ holds those as lone surrogates, PEP 383)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def opencode_has_plugin_library(environment: Mapping[str, str], directory: str) -> bool:
    """Whether opencode can load a plugin without npm.

    If opencode has a plugin, it installs ``@opencode-ai/plugin`` by npm at its start, into each of its configuration
    directories that lacks the library. Until then its screen stays empty: seconds with a network, more than a minute
    without. Without a plugin it installs the library in the background, so that the next start finds it.
    """
    home = environment.get("HOME", "")
    base = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    directories = [each / ".opencode" for each in (Path(directory), *Path(directory).parents, Path(home))]
    if own := environment.get("OPENCODE_CONFIG_DIR"):
        directories.append(Path(directory, own))
    # opencode creates the user's own directory if it is missing.
    there = [Path(base, "opencode"), *(each for each in directories if each.is_dir())]
    return all(map(_has_plugin_library, there))


def _has_plugin_library(directory: Path) -> bool:
    if directory.is_dir() and not os.access(directory, os.W_OK):
        return True  # opencode installs nothing there.
    import json  # most starts do not need it, nor this

    from session_host.system.files import read_regular

    try:
        lock = json.loads(read_regular(directory / "package-lock.json", _MAX_LOCK_BYTES))
        return (directory / "node_modules").is_dir() and "@opencode-ai/plugin" in lock["packages"][""]["dependencies"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return False


def qwen_has_no_defaults(environment: Mapping[str, str], directory: str) -> bool:
    """Whether Qwen Code has no system defaults, by variable or in its default place, that Outlive's would replace."""
    # Outlive's own defaults, of this chat or of a chat around it.
    named = re.sub(r".*/sessions/[0-9a-f-]{36}/agent/.*", "", environment.get("QWEN_CODE_SYSTEM_DEFAULTS_PATH", ""))
    settings = Path(directory, environment.get("QWEN_CODE_SYSTEM_SETTINGS_PATH") or "/etc/qwen-code/settings.json")
    return not named and not settings.with_name("system-defaults.json").exists()


class Condition(NamedTuple):
    """A condition for setting a variable.

    Attributes:
        holds: the test; called with the environment and the directory that the agent starts with.
        otherwise: a sentence for the user if the condition does not hold.
    """

    holds: Callable[[Mapping[str, str], str], bool]
    otherwise: str


CONDITIONS: Final = {
    "opencode has its plugin library": Condition(
        opencode_has_plugin_library,
        "opencode runs without Outlive's plugin, because npm has not installed @opencode-ai/plugin yet. "
        "opencode installs it in the background. Until the next start, Outlive finds the conversation by "
        "its title and does not see the agent's status.",
    ),
    "nobody sets Qwen Code's defaults": Condition(
        qwen_has_no_defaults,
        "Qwen Code runs without Outlive's hook, because this system has Qwen Code defaults of its own and "
        "Qwen Code reads only one such file. Outlive does not see what it asks.",
    ),
}


def is_merged(template: str) -> bool:
    """Whether a value of the catalog is merged with the user's own, and does not give way to it."""
    return template.startswith("{") and not template.startswith(FILES)


def variable(template: str, files: str, theirs: str) -> str:
    """The value of a variable.

    A JSON object is merged with an existing one: objects by key, lists appended; otherwise the user's value wins. Any
    other value replaces the existing one.

    Args:
        template: the catalog's value, with ``{files}``.
        files: the directory of the agent's files for this session.
        theirs: the existing value; "" for none.
    """
    url = f"file://{FILES}"
    if not is_merged(template):
        return template.replace(FILES, files)
    import json  # most starts do not need it

    ours = json.loads(template)
    try:
        there = json.loads(theirs)
    except (ValueError, RecursionError):
        there = {}
    merged = _merged(_filled(ours, url, files), _without(there, ours)) if isinstance(there, dict) else {}
    return json.dumps(merged or _filled(ours, url, files), ensure_ascii=False, separators=(",", ":"))


def _filled(value: Any, url: str, files: str) -> Any:
    match value:
        case dict():
            return {key: _filled(each, url, files) for key, each in value.items()}
        case list():
            return [_filled(each, url, files) for each in value]
        case str():
            return value.replace(url, f"file://{quote(files)}").replace(FILES, files)
        case _:
            return value


def _without(there: Any, ours: Any) -> Any:
    """The existing list without another chat's entries of the same kind as ours."""
    if isinstance(there, dict) and isinstance(ours, dict):
        return {key: _without(each, ours.get(key)) for key, each in there.items()}
    if isinstance(there, list) and isinstance(ours, list):
        patterns = [re.escape(each).replace(re.escape(FILES), _ANY_SESSIONS_FILES) for each in ours if FILES in each]
        return [each for each in there if not any(re.fullmatch(pattern, str(each)) for pattern in patterns)]
    return there


def _merged(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours | {key: _merged(ours[key], each) if key in ours else each for key, each in theirs.items()}
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*theirs, *ours]
    return theirs


def shell_integration(argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make an interactive shell mark its prompts; none for another program.

    The scripts in ``resources/shell`` write the marks (OSC 133, OSC 7). Each shell reads its script by a variable, and
    the script gives the variable back, so that programs and shells within see the user's own value::

        bash   ENV, which a shell in POSIX mode reads (POSIXLY_CORRECT)
        zsh    ZDOTDIR
        fish   XDG_DATA_DIRS

    The user's files stay unchanged, and are read as always.

    Args:
        argv: the program and its arguments.
        environment: the environment that the program starts with.
    """
    if environment.get(OFF_VARIABLE) == "0" or not _INTERACTIVE_OPTIONS.issuperset(argv[1:]):
        return {}
    match Path(argv[0]).name:
        case "bash":
            return {} if "POSIXLY_CORRECT" in environment else _bash(environment)
        case "zsh":
            previous = environment.get("ZDOTDIR")
            return {"ZDOTDIR": str(SHELL_DIRECTORY / "zsh")} | _previous("OUTLIVE_ZDOTDIR", previous)
        case "fish":
            previous = environment.get("XDG_DATA_DIRS")
            directories = f"{SHELL_DIRECTORY}:{previous or _DEFAULT_DATA_DIRECTORIES}"
            return {"XDG_DATA_DIRS": directories} | _previous("OUTLIVE_XDG_DATA_DIRS", previous)
        case _:
            return {}


def _bash(environment: Mapping[str, str]) -> dict[str, str]:
    return (
        {"ENV": str(SHELL_DIRECTORY / "bash.sh"), "POSIXLY_CORRECT": "1"}
        | _previous("OUTLIVE_ENV", environment.get("ENV"))
        | _previous("OUTLIVE_HISTFILE", environment.get("HISTFILE"))
    )


def _previous(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}
