"""Real agents' command lines for tests: installed from npm once, told to talk to the fake model server.

The versions are pinned; they go into a cache outside of the repository (``OUTLIVE_TEST_AGENTS_DIR``,
else ``~/.cache/outlive-tests/agents`` of the user's real home). Native binaries are called by their path, with no
wrapper of node in between; Gemini CLI and Qwen Code are node's. Each agent's ``prepare`` writes the few settings that
let it start without a log-in, a question or the network, into a HOME of the test's own; with them each asks before it
runs a command.
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
INSTALL_TIMEOUT_S = 600
API_KEY = "sk-ant-api03-fake-key-of-the-tests-0123456789"


class CannotInstall(Exception):
    """The agent cannot be had here; the message says why."""


@dataclass(frozen=True)
class RealAgent:
    """One agent: what to install and how to talk to it.

    Attributes:
        label: what a test calls it.
        name: its name in the catalog, and that of its executable.
        package: of npm, with the version.
        binary: the executable below ``node_modules``, native where there is one.
        ready: a text on its screen once it takes input.
        main_screen: it writes its answers to the main screen, so that they reach the scrollback.
        arguments: given to it beyond the catalog's argv.
        asks: a text on its screen while it asks whether it may run a command.
        prepare: writes its settings for (home, cwd, url of the server); the environment that it needs.
        wish: what makes the fake model want a ``{command}`` for which the user is asked.
        offers_tools: its requests offer tools, but for its errands.
        source: which of Outlive's sources tells its state, as ``activity.ORDER`` calls them; "" for none.
        tells_what: it tells what it asks, too.
        interrupt: the keys that interrupt a turn.
        settings: the user's own settings, below HOME.
        notes: the lines that it adds to them itself (re.fullmatch).
        transcripts: where it keeps conversations, below HOME: patterns of Path.glob with ``{id}`` or ``{short}``.
        own_resume: its own command that goes on with a conversation, ``{id}``.
        begins_anew: a conversation that holds nothing yet can be begun once more.
        cannot: the checks of ``agents_table.CHECKS`` that do not apply to it, and why.
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
    offers_tools: bool = True
    source: str = ""
    tells_what: bool = True
    interrupt: tuple[str, ...] = ("Escape",)
    settings: tuple[str, ...] = ()
    notes: str = ""
    transcripts: tuple[str, ...] = ()
    own_resume: tuple[str, ...] = ()
    begins_anew: bool = True
    cannot: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version that is pinned."""
        return self.package.rpartition("@")[2]

    def install(self) -> Path:
        """Path of the native executable, installed if need be.

        Raises:
            CannotInstall: there is no npm, or it found no network, or no such package for this machine.
        """
        directory = cache_directory() / self.package.replace("/", "_")
        binary = directory / "node_modules" / self.binary
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
            if not binary.exists():
                npm_install(self.package, directory)
        if not binary.exists():
            raise CannotInstall(f"{self.package} has no native binary for this machine: {binary} is missing")
        binary.chmod(0o755)
        return binary


def cache_directory() -> Path:
    """Where installed agents are kept between runs; HOME is a test's own by now."""
    chosen = os.environ.get("OUTLIVE_TEST_AGENTS_DIR")
    return Path(chosen) if chosen else Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "outlive-tests" / "agents"


def npm_install(package: str, directory: Path) -> None:
    """Install a package from npm into ``directory``; its scripts are not run."""
    npm = shutil.which("npm")
    if npm is None:
        raise CannotInstall(f"{package} is installed by npm, which is not on PATH")
    argv = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(directory), package]
    real_home = {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
    try:
        done = subprocess.run(
            argv, env={**os.environ, **real_home}, capture_output=True, text=True, check=False,
            timeout=INSTALL_TIMEOUT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise CannotInstall(f"npm did not install {package} within {INSTALL_TIMEOUT_S} s") from late
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise CannotInstall(f"npm could not install {package}: {' / '.join(errors[:3]) or done.stderr[-300:]}")


def write_json(path: Path, content: Any) -> None:
    """Write a settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


CLAUDE_SETTINGS = {"permissions": {"defaultMode": "default", "disableAutoMode": "disable"}}


def prepare_claude(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """Onboarding done, theme chosen, key approved, directory trusted; no auto mode, which asks the real service."""
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
        # It would be cloned from the network at the first start.
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
    """A provider of our own, which needs no log-in; directory trusted."""
    directory = home / ".codex"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.toml").write_text(CODEX_SETTINGS.format(url=url, cwd=cwd), encoding="utf-8")
    return {"CODEX_HOME": str(directory)}


def prepare_opencode(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """A provider of our own, for its small errands too."""
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
    own = home / ".config" / "opencode"
    write_json(own / "opencode.json", settings)
    # As after its first start, in which npm installs this: until then it would wait for npm, and is given no plugin.
    write_json(own / "package-lock.json", {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}}})
    (own / "node_modules").mkdir()
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
    """A provider of our own, and nothing else from the network; directory trusted."""
    write_json(home / ".copilot" / "config.json", {"trusted_folders": [str(cwd)]})
    return {
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
        "COPILOT_MODEL": MODEL,
        "COPILOT_AUTO_UPDATE": "false",
    }


def prepare_qwen(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """An endpoint of our own; every folder trusted."""
    settings = {
        "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        # Its ripgrep comes without the right to be run.
        "tools": {"approvalMode": "default", "useRipgrep": False},
        "privacy": {"usageStatisticsEnabled": False},
        "model": {"name": MODEL},
    }
    write_json(home / ".qwen" / "settings.json", settings)
    return {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": MODEL}


CLAUDE = RealAgent(
    label="claude",
    name="claude",
    package="@anthropic-ai/claude-code@2.1.329",
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
)
CODEX = RealAgent(
    label="codex",
    name="codex",
    package="@openai/codex@0.169.0",
    binary="@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    ready="Ask Codex to do anything",
    main_screen=False,
    arguments=(),
    asks="Would you like to run the following command?",
    prepare=prepare_codex,
    source="osc 7501",
    settings=(".codex/config.toml",),
    notes=r'|\[tui\]|screen_reader_detection_done = true|\[tui\.model_availability_nux\]|"[\w.-]+" = \d+',
    transcripts=(".codex/sessions/*/*/*/rollout-*-{id}.jsonl",),
    own_resume=("codex", "--no-daemon", "resume", "{id}"),
    begins_anew=False,
    # What its sandbox allows it does not ask for.
    wish=(
        'use: exec_command {{"cmd": "{command}", "sandbox_permissions": "require_escalated", "justification": "?", '
        '"yield_time_ms": 30000}}'
    ),
)
OPENCODE = RealAgent(
    label="opencode",
    name="opencode",
    package="opencode-ai@1.18.33",
    binary="opencode-linux-x64/bin/opencode",
    ready="Ask anything",
    main_screen=False,
    arguments=(),
    asks="Permission required",
    prepare=prepare_opencode,
    source="plugin",
    interrupt=("Escape", "Escape"),
    settings=(".config/opencode/opencode.json",),
    transcripts=(".local/share/opencode/opencode.db*",),
    own_resume=("opencode", "--session", "{id}"),
    begins_anew=False,
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
    # Its title says that it asks, and nothing says what.
    tells_what=False,
    settings=(".gemini/settings.json",),
    transcripts=(".gemini/tmp/*/chats/session-*-{short}.jsonl",),
    own_resume=("gemini", "--resume", "{id}"),
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
)
QWEN = RealAgent(
    label="qwen",
    name="qwen",
    package="@qwen-code/qwen-code@0.24.4",
    binary=".bin/qwen",
    ready="Type your message",
    main_screen=True,
    arguments=(),
    asks="Allow execution of",
    prepare=prepare_qwen,
)
CLAUDE_INLINE = replace(CLAUDE, label="claude on the main screen", main_screen=True, prepare=prepare_claude_inline)
CODEX_INLINE = replace(CODEX, label="codex on the main screen", main_screen=True, arguments=("--no-alt-screen",))
AGENTS = (CLAUDE, CLAUDE_INLINE, CODEX, CODEX_INLINE, OPENCODE)
"""Those whose answers are followed through everything that can befall a chat."""

ALL_AGENTS = (CLAUDE, CODEX, OPENCODE, GEMINI, COPILOT)
"""Each agent of the catalog once, as it is started by default."""

PROVEN = (CLAUDE, CODEX, OPENCODE, GEMINI)
"""Those of which the table tells what they were seen to do."""
