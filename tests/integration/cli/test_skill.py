"""``outlive skill``: it is printed, put into an agent's own place, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from session_host.cli import skill
from session_host.cli.mcp import TOOLS
from session_host.commands import SUBCOMMANDS
from session_host.version import VERSION
from tests.support.area import Area
from tests.support.commands import REPOSITORY, outlive

PLACES = {
    "claude": ".claude/skills",
    "codex": ".codex/skills",
    "copilot": ".copilot/skills",
    "gemini": ".gemini/skills",
    "opencode": ".config/opencode/skills",
    "qwen": ".qwen/skills",
}
VARIABLES = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "GEMINI_CLI_HOME", "XDG_CONFIG_HOME", "QWEN_HOME")


@pytest.fixture(autouse=True)
def no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_all_texts_say_the_same_of_who_answers_the_question_of_a_chat_that_an_agent_started() -> None:
    """The skill forbade what the tool, the guide and the command allow; see ``session.rights``: ANSWER."""
    guide = REPOSITORY / "resources" / "guide"
    texts = {
        "skill": outlive("skill").output,
        "tool": TOOLS["answer_question"].__doc__ or "",
        "approve": outlive("approve", "--help").output,
        "agents": (guide / "agents-start-agents.md").read_text(encoding="utf-8"),
        "security": (guide / "security.md").read_text(encoding="utf-8"),
    }
    for name, text in texts.items():
        words = " ".join(text.split())
        assert re.search(
            r"answer that (the user|you) told (you|it)|tell the agent your answer, which it may give", words
        ), name
        assert re.search(r"(Your|your) own questions you cannot answer|never its own|never answers its own", words), (
            name
        )


def test_it_is_short_and_its_commands_exist() -> None:
    text = outlive("skill").output
    assert len(text.splitlines()) <= 120
    assert text.endswith(f"Written by Outlive {VERSION}.\n")
    block = re.findall(r"(?m)^outlive (\w+) (.*)$", text)
    assert {name for name, _ in block} == {"new", "answer", "send", "events", "stop"}
    for name, words in block:
        helped = outlive(name, "--help").output
        assert not [each for each in re.findall(r"(?<= )--?[a-z]+", words) if each not in helped], name
    assert set(re.findall(r"`outlive (\w+)", text)) <= set(SUBCOMMANDS)


@pytest.mark.parametrize("agent", sorted(PLACES))
def test_it_is_put_into_an_agents_own_place_and_replaces_an_older_one(agent: str, area: Area) -> None:
    path = area.home / PLACES[agent] / "outlive" / "SKILL.md"
    for _ in range(2):
        done = outlive("skill", "--install", agent)
        assert (done.code, str(path) in done.output) == (0, True), done
        assert path.read_text(encoding="utf-8") == skill.skill()
        path.write_text("older\nWritten by Outlive 0.0.1.\n", encoding="utf-8")
    assert f"run `outlive skill --install {agent}`" in outlive("doctor").output
    path.write_text("the user's own\n", encoding="utf-8")
    refused = outlive("skill", "--install", agent)
    assert (refused.code, path.read_text(encoding="utf-8")) == (1, "the user's own\n")


def test_an_agents_own_variable_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    assert outlive("skill", "--install", "codex").code == 0
    assert (tmp_path / "codex" / "skills" / "outlive" / "SKILL.md").exists()


def test_each_account_of_an_agent_gets_it(area: Area) -> None:
    (area.config / "agents").mkdir(parents=True)
    (area.config / "agents" / "claude.toml").write_text('[accounts.work]\nenv = { CLAUDE_CONFIG_DIR = "~/w" }\n')
    assert outlive("skill", "--install", "claude").code == 0
    path = area.home / "w" / "skills" / "outlive" / "SKILL.md"
    assert (path.read_text("utf-8"), (area.home / PLACES["claude"] / "outlive").exists()) == (skill.skill(), True)
    path.write_text("older\nWritten by Outlive 0.0.1.\n", encoding="utf-8")
    assert str(path) in outlive("doctor").output


def test_other_agents_are_refused() -> None:
    done = outlive("skill", "--install", "aider")
    assert (done.code, "claude" in done.error) == (2, True)


def test_the_help_tells_agents_of_it() -> None:
    assert outlive("--help").output.splitlines()[-1].startswith("Agents: `outlive skill`")
