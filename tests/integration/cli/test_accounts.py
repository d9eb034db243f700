"""Accounts of one agent side by side: each has its own conversations, also after a resume."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.paths import config_dir
from session_host.standing.accounts import with_account
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.conversing import NO_INPUT_LINE, ask, listed, new, resume, screen_lines, see

pytestmark = pytest.mark.usefixtures("sessions", "agents")

ACCOUNTS = """
[accounts.work]
env = { CLAUDE_CONFIG_DIR = "~/.claude-work" }
[accounts.home]
env.CLAUDE_CONFIG_DIR = "~/h"
"""


@pytest.fixture
def accounts(agents: Path) -> Path:
    """The user's file of Claude Code, with two accounts."""
    file = config_dir() / "agents" / "claude.toml"
    file.write_text(ACCOUNTS + NO_INPUT_LINE, encoding="utf-8")
    return file


def test_each_account_has_its_own_conversations_and_resumes_in_its_own(
    area: Area, accounts: Path, project: Path
) -> None:
    chats = {name: new("claude", project, "--account", name, name=name) for name in ("work", "home")}
    chats[""] = new("claude", project, name="plain")
    for name, chat in chats.items():
        ask(chat, f"remember {name}.")

    assert [listed(chat)["account"] for chat in chats.values()] == list(chats)
    for name, place in (("work", ".claude-work"), ("home", "h"), ("", ".claude")):
        [record] = (area.home / place).glob("projects/*/*.jsonl")
        assert record.stem == listed(chats[name])["provider_session_id"]
    table = outlive("ls").output
    assert all(with_account("claude", name) in table for name in chats)

    for chat in chats.values():
        outlive("stop", chat)
    for name, chat in chats.items():
        later = resume(chat)
        see(later["id"], f"kept: remember {name}.")
        assert (later["account"], later["provider_session_id"]) == (name, listed(chat)["provider_session_id"])


def test_a_chat_of_an_account_that_is_gone_is_resumed_in_its_place(accounts: Path, project: Path) -> None:
    chat = new("claude", project, "--account", "work")
    ask(chat, "remember this")
    outlive("stop", chat)
    accounts.write_text(NO_INPUT_LINE, encoding="utf-8")

    assert listed(chat)["resumable"] is True
    later = resume(chat)

    see(later["id"], "kept: remember this")
    assert later["account"] == "work"
    done = outlive("new", "claude", "-d", "--account", "work")
    assert (done.code, "claude has no account 'work'; it has none; define one" in done.complaint()) == (2, True)


def test_an_account_is_named_that_there_is(accounts: Path, project: Path) -> None:
    wrong = outlive("new", "claude", "-d", "--account", "wrok")
    other = outlive("new", "codex", "-d", "--account", "work")
    twice = outlive("new", "claude", "-d", "--account", "work", "-e", "CLAUDE_CONFIG_DIR=/x")

    assert (wrong.code, wrong.complaint()) == (2, "claude has no account 'wrok'; available: work, home")
    assert (other.code, other.complaint()) == (
        2,
        "codex has no account 'work'; it has none; define one under [accounts.work] in agents/codex.toml",
    )
    assert (twice.code, twice.complaint()) == (2, "the account work sets CLAUDE_CONFIG_DIR: leave out one of the two")


def test_the_default_account_sets_nothing(
    area: Area, accounts: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(area.home / "of my shell"))
    chat = new("claude", project)
    ask(chat, "here")

    assert list((area.home / "of my shell").glob("projects/*/*.jsonl"))
    assert listed(chat)["account"] == ""
    assert not [line for line in screen_lines(chat) if "kept" in line]


def test_events_say_the_account(accounts: Path, project: Path) -> None:
    new("claude", project, "--account", "work")

    lines = [json.loads(line) for line in outlive("events", "--json", "--once").output.splitlines()]
    [state] = [line["event"] for line in lines if line["event"]["kind"] == "state"]
    assert (state["agent"], state["account"]) == ("claude", "work")
