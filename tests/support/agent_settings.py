"""Writes settings with which each agent starts without log-in, questions and network, and asks before it acts.

Each function writes the settings into the test's own HOME. Its arguments are that HOME, the agent's working directory,
and the URL of the model server. It returns the environment variables that the agent needs.
"""

from __future__ import annotations

import json
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


def prepare_endpoint(home: Path, cwd: Path, url: str) -> dict[str, str]:
    """The model server's URL."""
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "k"}
