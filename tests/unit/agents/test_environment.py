from __future__ import annotations

import os
import pwd

import pytest

from session_host.agents.agent import Agent
from session_host.agents.environment import child_environment

AGENT = Agent(
    name="x", title="X", executable="x", start=("x",), monogram="X", env={"SETTING": "agent"}, scrub_env=("SECRET_*",)
)


def test_the_users_variables_are_passed_on() -> None:
    base = {
        "HOME": "/h", "PATH": "/p", "USER": "u", "LOGNAME": "u", "SHELL": "/bin/sh", "LANG": "de_DE.UTF-8",
        "DISPLAY": ":1", "SSH_AUTH_SOCK": "/s", "CODEX_HOME": "/c", "CLAUDE_CODE_USE_BEDROCK": "1",
        "CLAUDE_CONFIG_DIR": "/d", "GEMINI_API_KEY": "k", "OUTLIVE_STATE_DIR": "/o", "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "GIT_ASKPASS": "/usr/bin/ksshaskpass", "NODE_OPTIONS": "--max-old-space-size=4096", "VIRTUAL_ENV": "/v",
    }  # fmt: skip

    environment = child_environment(base, AGENT, {})

    assert environment == base | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "SETTING": "agent"}


@pytest.mark.parametrize(
    "name",
    [
        "TMUX", "TMUX_PANE", "STY", "WINDOWID", "COLUMNS", "LINES", "VTE_VERSION", "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR", "ALACRITTY_SOCKET", "WEZTERM_PANE", "KONSOLE_VERSION", "TERMINFO",
        "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_CHILD_SESSION", "CODEX_THREAD_ID",
        "CODEX_SANDBOX_NETWORK_DISABLED",
        "VSCODE_IPC_HOOK_CLI", "ELECTRON_RUN_AS_NODE", "CLAUDE_CODE_SESSION_ACCESS_TOKEN", "CLAUDE_CODE_REMOTE",
        "CLAUDE_SESSION_INGRESS_TOKEN_FILE", "PYSIDE6_OPTION_PYTHON_ENUM", "ARGV0", "SNAP_NAME", "VIMRUNTIME",
        "AI_AGENT", "OUTLIVE_SESSION", "OUTLIVE_REPORT_ID", "PWD", "SECRET_KEY", "XDG_ACTIVATION_TOKEN",
        "DESKTOP_STARTUP_ID",
    ],
)  # fmt: skip
def test_variables_of_the_callers_terminal_and_agent_are_not_passed_on(name: str) -> None:
    assert name not in child_environment({name: "1"}, AGENT, {})


def test_git_asks_for_no_password_by_an_editors_script_that_needs_the_editor() -> None:
    base = {"GIT_ASKPASS": "/usr/share/code/askpass.sh", "VSCODE_GIT_ASKPASS_NODE": "/usr/share/code/code"}
    assert "GIT_ASKPASS" not in child_environment(base, AGENT, {})


def test_the_terminal_is_ours_whatever_the_callers_is() -> None:
    environment = child_environment({"TERM": "dumb", "COLORTERM": ""}, AGENT, {})

    assert (environment["TERM"], environment["COLORTERM"]) == ("xterm-256color", "truecolor")


def test_the_users_explicit_variables_win_over_all_others() -> None:
    overrides = {"TERM": "vt100", "SETTING": "mine", "TMUX": "on purpose", "LANG": ""}

    environment = child_environment({"SETTING": "base"}, AGENT, overrides)

    assert environment.items() >= overrides.items()


def test_an_empty_environment_gets_the_variables_that_programs_need() -> None:
    account = pwd.getpwuid(os.getuid())

    environment = child_environment({}, AGENT, {})

    assert environment["HOME"] == account.pw_dir
    assert environment["USER"] == environment["LOGNAME"] == account.pw_name
    assert os.access(environment["SHELL"], os.X_OK)
    assert "/usr/bin" in environment["PATH"].split(":")
    assert environment["LANG"] == "C.UTF-8"


@pytest.mark.parametrize("name", ["LANG", "LC_ALL", "LC_CTYPE"])
def test_a_locale_that_is_set_is_kept(name: str) -> None:
    environment = child_environment({name: "ja_JP.UTF-8"}, AGENT, {})

    assert environment[name] == "ja_JP.UTF-8"
    assert ("LANG" in environment) == (name == "LANG")


def test_empty_counts_as_missing() -> None:
    environment = child_environment({"HOME": "", "PATH": "", "LANG": ""}, AGENT, {})

    assert environment["HOME"]
    assert environment["PATH"]
    assert environment["LANG"] == "C.UTF-8"


def test_values_that_are_not_text_are_left_out() -> None:
    environment = child_environment({"BAD": os.fsdecode(b"\xff"), os.fsdecode(b"N\xff"): "x", "GOOD": "ä"}, AGENT, {})

    assert "BAD" not in environment
    assert environment["GOOD"] == "ä"
    "".join([*environment, *environment.values()]).encode()
