"""Builds an agent's environment: the caller's without the variables of the caller's terminal."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from session_host.agents.agent import Agent, login_shell
from session_host.agents.conditions import CONDITIONS
from session_host.agents.merged_settings import is_merged, variable

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
)  # fmt: skip

OWN_PARTS_VARIABLES = (
    # Variables with which a program starts its own parts: an editor's interpreter, a packed program's libraries, our
    # own window. Another program of the same kind would take them for its own.
    "ELECTRON_RUN_AS_NODE", "ELECTRON_NO_ATTACH_CONSOLE", "ELECTRON_NO_ASAR", "CHROME_DESKTOP",
    "ORIGINAL_XDG_CURRENT_DESKTOP", "APPDIR", "APPIMAGE", "ARGV0", "OWD", "SNAP", "SNAP_*", "PYSIDE6_OPTION_*",
)  # fmt: skip

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
)  # fmt: skip

_ASKPASS = ("GIT_ASKPASS", "SSH_ASKPASS")
"""Of an editor's terminal, these name scripts that work only with the editor's other variables."""

_REMOVED = TERMINAL_VARIABLES + OWN_PARTS_VARIABLES + NESTING_VARIABLES
_REMOVED_NAMES = frozenset(each for each in _REMOVED if not each.endswith("*"))
_REMOVED_BEGINNINGS = tuple(each.removesuffix("*") for each in _REMOVED if each.endswith("*"))
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def child_environment(
    base: Mapping[str, str],
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
        base: the caller's environment.
        agent: the agent; its ``env`` and ``scrub_env`` are applied.
        overrides: variables that the user set for this session.
        files: the directory of the agent's files for this session.
        engine: the terminal emulator's name.
        directory: the agent's working directory; "" leaves out variables that depend on it.
    """
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
