"""Real agents for tests: installed from npm once, and configured for the fake model server.

The versions are pinned. The agents are installed into a cache outside of the repository (``OUTLIVE_TEST_AGENTS_DIR``,
else ``~/.cache/outlive-tests/agents`` in the user's real home). Native binaries are called by their path, without a
wrapper of node; Gemini CLI and Qwen Code run in node. Each agent's ``prepare`` writes settings into the test's own
HOME, so that the agent starts without log-in, question or network, and asks before it runs a command.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MODEL = "fake-model"
API_KEY = "sk-ant-api03-fake-key-of-the-tests-0123456789"


def write_json(path: Path, content: Any) -> None:
    """Write a settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


CLAUDE_SETTINGS = {"permissions": {"defaultMode": "default", "disableAutoMode": "disable"}}


def prepare_claude(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """Onboarding done, theme chosen, key approved, directory trusted; no auto mode, which calls the real service."""
    write_json(home / ".claude" / "settings.json", CLAUDE_SETTINGS)
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [API_KEY[-20:]], "rejected": []},
        "projects": {str(cwd): {"hasTrustDialogAccepted": True}},
    }
    write_json(home / ".claude.json", settings)
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": API_KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # Otherwise the first start clones the marketplace from the network.
        "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
        "CLAUDE_CODE_DISABLE_AGENT_VIEW": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


def prepare_claude_inline(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """As ``prepare_claude``, on the main screen instead of the alternate one."""
    environment = prepare_claude(home, cwd, url)
    write_json(home / ".claude" / "settings.json", {**CLAUDE_SETTINGS, "tui": "default"})
    return environment


CODEX_SETTINGS = """\
model = "gpt-5.1-codex"
model_provider = "fake"
check_for_update_on_startup = false
[model_providers.fake]
name = "fake"
base_url = "{url}/v1"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
[projects."{cwd}"]
trust_level = "trusted"
"""


def prepare_codex(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """The fake model server as the provider, which needs no log-in; directory trusted."""
    directory = home / ".codex"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.toml").write_text(CODEX_SETTINGS.format(url=url, cwd=cwd), encoding="utf-8")
    return {"CODEX_HOME": str(directory)}


def prepare_opencode(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """The fake model server as the provider, also for the agent's own requests."""
    model = {"name": "Fake Model", "tool_call": True, "limit": {"context": 100_000, "output": 8_000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Fake",
        "options": {"baseURL": f"{url}/v1", "apiKey": "k"},
        "models": {MODEL: model},
    }
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "model": f"fake/{MODEL}",
        "small_model": f"fake/{MODEL}",
        "permission": {"bash": "ask"},
        "provider": {"fake": provider},
    }
    directory = home / ".config" / "opencode"
    write_json(directory / "opencode.json", settings)
    # The state after the first start, in which npm installs this. Otherwise the agent waits for npm, without plugins.
    write_json(
        directory / "package-lock.json", {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}}}
    )
    (directory / "node_modules").mkdir()
    return {
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }


def prepare_gemini(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """A key instead of a log-in; every folder trusted."""
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    write_json(home / ".gemini" / "settings.json", settings)
    return {"GEMINI_API_KEY": "k", "GOOGLE_GEMINI_BASE_URL": url}


def prepare_copilot(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """The fake model server as the provider, and no other access to the network; directory trusted."""
    write_json(home / ".copilot" / "config.json", {"trusted_folders": [str(cwd)]})
    return {
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_MODEL": MODEL,
        "COPILOT_AUTO_UPDATE": "false",
    }


def prepare_qwen(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """The fake model server as the endpoint; every folder trusted."""
    settings = {
        "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        # Its ripgrep is installed without execute permission.
        "tools": {"approvalMode": "default", "useRipgrep": False},
        "privacy": {"usageStatisticsEnabled": False},
        "model": {"name": MODEL},
    }
    write_json(home / ".qwen" / "settings.json", settings)
    return {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": MODEL}


INSTALL_TIMEOUT_S = 600


class CannotInstall(Exception):
    """The agent cannot be installed; the message says why."""


@dataclass(frozen=True)
class RealAgent:
    """One agent: its package and its behaviour in tests.

    Attributes:
        label: its name in tests.
        name: its name in the catalog, and the name of its executable.
        package: the npm package with its version.
        binary: the executable below ``node_modules``, native if there is one.
        ready: a text on its screen once it accepts input.
        main_screen: whether it writes its answers to the main screen, so that they reach the scrollback.
        arguments: further arguments after the catalog's argv.
        asks: a text on its screen while it asks for permission to run a command.
        prepare: writes its settings; called with (home, cwd, url of the server), returns the environment it needs.
        wish: a prompt that makes the fake model call a ``{command}`` that needs the user's permission.
        leaves: a prompt that makes the fake model run a ``{command}`` in the background; "" if it has no such tool.
        sends_out: a prompt that makes the fake model start a sub-agent with a held answer, and not wait for it; ""
            likewise.
        errands: a pattern (re.match) of requests that it makes for itself and that offer tools; "" for none.
        source: the source of its status, with a name of ``activity.ORDER``; "" for none.
        asks_source: the source of its status while it asks, if that is another one.
        tells: a text in the status detail while it asks for ``sh work.sh``; "" if the status has no detail.
        tells_ready: whether its status says that it is ready before its first turn.
        drops_input: whether it drops input for a moment after its start, although its status is idle.
        tells_error: a text in the status detail after a request that was refused with 400; "" if it tells none.
        interrupt: the keys that interrupt a turn.
        settings: paths of the user's own settings, below HOME.
        notes: a pattern (re.fullmatch) of lines that it adds to these settings.
        transcripts: its conversation files, below HOME: patterns of Path.glob with ``{id}`` or ``{short}``.
        own_resume: its own command that resumes the conversation ``{id}``.
        begins_anew: whether an empty conversation can be started again with the same id.
        cannot: the checks of ``agents_table.CHECKS`` that do not apply to it, each with its reason.
    """

    label: str
    name: str
    package: str
    binary: str
    ready: str
    main_screen: bool
    arguments: tuple[str, ...]
    asks: str
    prepare: Callable[[Path, Path, str], dict[str, str]]
    wish: str = "tool: {command}"
    leaves: str = ""
    sends_out: str = ""
    errands: str = ""
    source: str = ""
    asks_source: str = ""
    tells: str = "work.sh"
    tells_ready: bool = True
    drops_input: bool = False
    tells_error: str = "refused with 400"
    interrupt: tuple[str, ...] = ("Escape",)
    settings: tuple[str, ...] = ()
    notes: str = ""
    transcripts: tuple[str, ...] = ()
    own_resume: tuple[str, ...] = ()
    begins_anew: bool = True
    cannot: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The pinned version."""
        return self.package.rpartition("@")[2]

    def install(self) -> Path:
        """Install the agent if necessary; returns the path of its native executable.

        Raises:
            CannotInstall: npm is missing, has no network, or has no such package for this machine.
        """
        directory = cache_directory() / self.package.replace("/", "_")
        binary = directory / "node_modules" / self.binary
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in parallel
            if not binary.exists():
                npm_install(self.package, directory)
        if not binary.exists():
            raise CannotInstall(f"{self.package} has no native binary for this machine: {binary} is missing")
        binary.chmod(0o755)
        return binary


def cache_directory() -> Path:
    """The directory of installed agents, kept between runs. It is not below HOME, which the test has changed."""
    chosen = os.environ.get("OUTLIVE_TEST_AGENTS_DIR")
    return Path(chosen) if chosen else Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "outlive-tests" / "agents"


def npm_install(package: str, directory: Path) -> None:
    """Install a package from npm into ``directory``, without running its scripts."""
    npm = shutil.which("npm")
    if npm is None:
        raise CannotInstall(f"{package} is installed by npm, which is not on PATH")
    argv = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(directory), package]
    real_home = {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, **real_home},
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as late:
        raise CannotInstall(f"npm did not install {package} within {INSTALL_TIMEOUT_S} s") from late
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise CannotInstall(f"npm could not install {package}: {' / '.join(errors[:3]) or done.stderr[-300:]}")


NO_ONE_SHOT = "not needed: all its tested versions speak the protocol"
NO_STEERING = "its protocol cannot add text to a running turn; a prompt waits, or interrupts the turn"

CLAUDE = RealAgent(
    label="claude",
    name="claude",
    package="@anthropic-ai/claude-code@2.1.332",
    binary="@anthropic-ai/claude-code-linux-x64/claude",
    ready="? for shortcuts",
    main_screen=False,
    arguments=(),
    asks="Do you want to proceed?",
    prepare=prepare_claude,
    source="state file",
    settings=(".claude/settings.json",),
    transcripts=(".claude/projects/*/{id}.jsonl",),
    own_resume=("claude", "--resume", "{id}"),
    leaves='use: Bash {{"command": "{command}", "description": "Do the work", "run_in_background": true}}',
    sends_out=(
        'use: Agent {"description": "Look", "prompt": "count: 3 hold: 1", "subagent_type": "general-purpose", '
        '"run_in_background": true}'
    ),
)
CODEX = RealAgent(
    label="codex",
    name="codex",
    package="@openai/codex@0.171.0",
    binary="@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    ready="Ask Codex to do anything",
    main_screen=False,
    arguments=(),
    asks="Would you like to run the following command?",
    prepare=prepare_codex,
    source="osc 7501",
    tells_error="stopped by an error",
    settings=(".codex/config.toml",),
    notes=r'|\[tui\]|screen_reader_detection_done = true|\[tui\.model_availability_nux\]|"[\w.-]+" = \d+',
    transcripts=(".codex/sessions/*/*/*/rollout-*-{id}.jsonl",),
    own_resume=("codex", "--no-daemon", "resume", "{id}"),
    begins_anew=False,
    # It does not ask for commands that its sandbox allows.
    wish=(
        'use: exec_command {{"cmd": "{command}", "sandbox_permissions": "require_escalated", "justification": "?", '
        '"yield_time_ms": 30000}}'
    ),
    leaves='use: exec_command {{"cmd": "{command}", "yield_time_ms": 500}}',
    sends_out='use: multi_agent_v1/spawn_agent {"message": "count: 3 hold: 1"}',
)
OPENCODE = RealAgent(
    label="opencode",
    name="opencode",
    package="opencode-ai@1.18.33",
    binary="opencode-linux-x64/bin/opencode",
    ready="ctrl+p commands",
    main_screen=False,
    arguments=(),
    asks="Permission required",
    prepare=prepare_opencode,
    source="plugin",
    interrupt=("Escape", "Escape"),
    settings=(".config/opencode/opencode.json",),
    notes=r'  "\$schema": "https://opencode.ai/config.json"',
    transcripts=(".local/share/opencode/opencode.db*",),
    own_resume=("opencode", "--session", "{id}"),
    begins_anew=False,
    cannot={"chat steer": NO_STEERING},
)
GEMINI = RealAgent(
    label="gemini",
    name="gemini",
    package="@google/gemini-cli@0.61.0",
    binary=".bin/gemini",
    ready="Type your message",
    main_screen=True,
    arguments=(),
    asks="Allow execution of",
    prepare=prepare_gemini,
    source="title",
    # Its title reports a question and the end of a turn, without any detail.
    tells="",
    tells_error="",
    drops_input=True,
    settings=(".gemini/settings.json",),
    # The second pattern finds hard links, from which Outlive would restore the files.
    transcripts=(".gemini/tmp/*/chats/session-*-{short}.jsonl", "../state/sessions/*/agent/{id}.*"),
    own_resume=("gemini", "--resume", "{id}"),
    leaves='use: run_shell_command {{"command": "{command}", "is_background": true}}',
    cannot={"chat fallback": NO_ONE_SHOT, "chat steer": NO_STEERING},
)
COPILOT = RealAgent(
    label="copilot",
    name="copilot",
    package="@github/copilot@1.0.102",
    binary="@github/copilot-linux-x64/copilot",
    ready="/ commands",
    main_screen=False,
    arguments=(),
    asks="Do you want to run this command?",
    prepare=prepare_copilot,
    source="osc 9;4",
    asks_source="hook",
    tells_ready=False,
    interrupt=("Escape", "Escape"),
    cannot={
        "settings": "it rewrites its settings itself; none of its files names a program of Outlive",
        "chat fallback": NO_ONE_SHOT,
        "chat steer": NO_STEERING,
    },
    transcripts=(".copilot/session-state/{id}/events.jsonl",),
    own_resume=("copilot", "--resume={id}"),
    leaves='use: bash {{"command": "{command}", "mode": "async", "description": "Do the work", "shellId": "s1"}}',
    sends_out=(
        'use: task {"name": "a", "agent_type": "general-purpose", "description": "Look", "prompt": "count: 3 hold: 1", '
        '"mode": "background"}'
    ),
)
QWEN = RealAgent(
    label="qwen",
    name="qwen",
    package="@qwen-code/qwen-code@0.24.4",
    binary=".bin/qwen",
    ready="Type your message",
    main_screen=False,  # What it writes to the main screen is cut to the screen's size.
    arguments=(),
    asks="Allow execution of",
    prepare=prepare_qwen,
    errands=r"Managed memory |\[SUGGESTION MODE",
    source="title",
    asks_source="hook",
    tells="run_shell_command",
    interrupt=("Escape", "Ctrl+u"),  # After Escape, the prompt is in its input line again.
    settings=(".qwen/settings.json",),
    notes=r' "\$version": \d+',
    transcripts=(".qwen/projects/*/chats/{id}.jsonl",),
    own_resume=("qwen", "--resume", "{id}"),
    leaves='use: run_shell_command {{"command": "{command}", "is_background": true, "description": "Do the work"}}',
    sends_out=(
        'use: agent {"description": "Look", "prompt": "count: 3 hold: 1", "subagent_type": "general-purpose", '
        '"run_in_background": true}'
    ),
    cannot={"chat fallback": NO_ONE_SHOT, "chat steer": NO_STEERING},
)
CLAUDE_INLINE = replace(CLAUDE, label="claude on the main screen", main_screen=True, prepare=prepare_claude_inline)
CLAUDE_OF_NODE_20 = replace(CLAUDE, label="claude of node 20", package="@anthropic-ai/claude-code@2.1.197")
"""The version that npm installs for node before 22."""
QWEN_OF_NODE_20 = replace(QWEN, label="qwen of node 20", package="@qwen-code/qwen-code@0.15.10")
"""As ``CLAUDE_OF_NODE_20``; Outlive does not see its turns."""
CODEX_INLINE = replace(CODEX, label="codex on the main screen", main_screen=True, arguments=("--no-alt-screen",))
ALL_AGENTS = (CLAUDE, CODEX, OPENCODE, GEMINI, COPILOT, QWEN)
"""Each agent of the catalog once, with its default arguments: those in the table of observed behaviour."""

AGENTS = (*ALL_AGENTS, CLAUDE_INLINE, CODEX_INLINE)
"""The agents with tests of their answers in all situations of a chat."""
