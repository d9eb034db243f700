"""Each agent of the catalog is valid, and its patterns match recorded output of the agent."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from session_host.agents.agent import (
    ARGUMENTS,
    CONVERSATION,
    FILES,
    PROMPT,
    PROMPT_FILE,
    Agent,
    Template,
    TemplateValues,
)
from session_host.agents.catalog import load_catalog
from session_host.agents.conversations.stores import STORES
from session_host.agents.session_files import write_files
from session_host.agents.status import from_event, from_report
from session_host.host.watchers.state_file import STATE_DIRECTORIES
from session_host.protocol.messages import Report
from session_host.protocol.values import Activity
from session_host.terminal.events import TitleChanged

CATALOG = load_catalog(Path("/nonexistent"))
WORKING, NEEDS_INPUT, IDLE = Activity.WORKING, Activity.NEEDS_INPUT, Activity.IDLE
ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"


@pytest.fixture(params=list(CATALOG))
def agent(request: pytest.FixtureRequest) -> Agent:
    return CATALOG[request.param]


def words(template: Template) -> list[str]:
    return [word for part in template for word in ([part] if isinstance(part, str) else part)]


def test_the_templates_have_their_placeholders(agent: Agent) -> None:
    way = agent.conversation
    begin = agent.start or (agent.structured.start if agent.structured is not None else ())
    for template in (begin, *filter(None, (way.resume, way.picker))):
        assert words(template).count(ARGUMENTS) == (0 if agent.name == "shell" else 1)
        if agent.executable:
            assert template[0] == agent.executable
    assert any(CONVERSATION in word for word in words(begin)) == way.preset
    assert any(CONVERSATION in word for word in words(way.resume)) == bool(way.resume)
    assert not any(CONVERSATION in word for word in words(way.picker))
    assert bool(way.resume) == (bool(way.store) and "terminal" in agent.runtimes)
    if way.resume:
        # An argv for a resume always has the conversation's id.
        files = "/f" if agent.keeps_conversation_in_files else ""
        assert any(
            ID in word for word in agent.argv(values=TemplateValues(conversation=ID, files=files), mode="resume")
        )
    assert set(agent.probed) <= {*words(agent.start), *words(way.resume)}


def test_a_generated_conversation_id_has_the_agents_form(agent: Agent) -> None:
    if agent.conversation.preset:
        assert agent.conversation.is_id(str(uuid.uuid4()))
    assert not agent.conversation.is_id("latest") or not agent.conversation.form
    assert not agent.conversation.is_id("-x")


def test_everything_that_the_entry_names_exists(agent: Agent, tmp_path: Path) -> None:
    assert agent.conversation.store in {"", *STORES}
    assert agent.signals.state_file in {"", *STATE_DIRECTORIES}
    assert set(agent.env_if) <= set(agent.env)
    assert list(agent.subcommands) == sorted(set(agent.subcommands))
    write_files(agent.files, tmp_path)
    texts = [*words(agent.start), *words(agent.conversation.resume), *agent.env.values()]
    named = {match[1] for text in texts for match in re.finditer(re.escape(FILES) + r"/([\w.-]+)", text)}
    assert named <= {path.name for path in tmp_path.iterdir()}


def test_the_files_are_valid_for_their_suffix(agent: Agent, tmp_path: Path) -> None:
    write_files(agent.files, tmp_path)
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "{hook}" not in text
        if path.suffix == ".json":
            json.loads(text)
        if path.suffix == ".sh":
            assert subprocess.run(["sh", "-n", str(path)], check=False).returncode == 0


def test_a_first_prompt_is_in_the_argv_or_its_file_if_the_agent_accepts_one(agent: Agent) -> None:
    if agent.arguments_replace or "terminal" not in agent.runtimes:
        assert not agent.accepts_prompt
        return
    argv = agent.argv(["--x"], values=TemplateValues(prompt="do it", conversation=ID, files="/f"))
    assert ("do it" in argv) == any(PROMPT in word for word in words(agent.start))
    assert ("/f/prompt" in argv) == any(PROMPT_FILE in word for word in words(agent.start))
    assert ("do it" in argv or "/f/prompt" in argv) == agent.accepts_prompt


@pytest.mark.parametrize(
    ("name", "title", "activity"),
    [
        ("claude", "✳ Claude Code", IDLE),
        ("claude", "◐ Claude Code", WORKING),
        ("claude", "⠂ Claude Code", WORKING),
        ("claude", "Claude Code", None),
        ("gemini", "◇  Ready (project)" + " " * 62, IDLE),
        ("gemini", "✦  Working… (project)" + " " * 59, WORKING),
        ("gemini", "✦  Looking at the tests (project)", WORKING),
        ("gemini", "⏲  Working… (project)", WORKING),
        ("gemini", "✋  Action Required (project)", NEEDS_INPUT),
        ("gemini", "Gemini CLI (project)", None),
        ("qwen", "Qwen - project", IDLE),
        ("qwen", "◐︎ Qwen - project", WORKING),
        ("qwen", "✳︎ Qwen - project", NEEDS_INPUT),
        ("opencode", "OC | A title", None),
        ("copilot", "count: 2 - GitHub Copilot", None),
        ("aider", "aider", None),
    ],
)
def test_titles_mean_activities(name: str, title: str, activity: Activity | None) -> None:
    word = from_event(TitleChanged(title), CATALOG[name].signals)
    assert (word.activity if word is not None else None) is activity


@pytest.mark.parametrize(
    ("name", "event", "activity"),
    [
        ("claude", "PermissionRequest", NEEDS_INPUT),
        ("claude", "PreToolUse", None),
        ("opencode", "retry", WORKING),
        ("opencode", "needs_input", NEEDS_INPUT),
        ("opencode", "error", IDLE),
        ("opencode", "conversation", None),
        ("copilot", "notification permission_prompt", NEEDS_INPUT),
        ("copilot", "notification elicitation_dialog", NEEDS_INPUT),
        ("copilot", "notification agent_idle", None),
        ("qwen", "Notification permission_prompt", NEEDS_INPUT),
        ("qwen", "Notification idle_prompt", None),
        ("aider", "waiting", NEEDS_INPUT),
    ],
)
def test_reports_mean_activities(name: str, event: str, activity: Activity | None) -> None:
    assert from_report(Report("hook", event), CATALOG[name].signals).activity is activity


@pytest.mark.parametrize(
    ("name", "path", "conversation"),
    [
        ("copilot", f"/home/me/.copilot/session-state/{ID}/inuse.4242.hold", ID),
        ("copilot", "/home/me/.cache/copilot/pkg/linux-x64/1.0.102/inuse.4242.hold", ""),
        ("codex", f"/home/me/.codex/thread-writer-locks/{ID}.lock", ID),
        ("codex", f"/home/me/.codex/sessions/2026/11/20/rollout-2026-11-20T14-00-00-{ID}.jsonl", ID),
        ("codex", f"/home/me/.codex/archived_sessions/{ID}.txt", ""),
    ],
)
def test_an_open_file_names_the_conversation(name: str, path: str, conversation: str) -> None:
    match = re.search(CATALOG[name].signals.open_files, path)
    assert (match[1] if match else "") == conversation


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("claude", "claude daemon run"),
        ("claude", "claude bg-pty-host --bg-pty-host /tmp/cc-daemon-0/x"),
        ("codex", "/x/codex app-server --listen unix:// --analytics-default-enabled --managed-daemon"),
        ("codex", "codex app-server daemon pid-update-loop"),
        ("gemini", f"/usr/bin/node --max-old-space-size=12052 /usr/bin/gemini --session-id {ID}"),
    ],
)
def test_the_patterns_match_processes_that_the_agent_leaves_behind(name: str, command: str) -> None:
    patterns = CATALOG[name].signals.strays
    assert any(re.search(pattern, command) for pattern in patterns)
    for other in ("make test", "node /home/me/gemini/server.js", "python3 gemini"):
        assert not any(re.search(pattern, other) for pattern in patterns)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("gemini", ["mcp", "list"]),
        ("opencode", ["auth", "login"]),
        ("copilot", ["login"]),
        ("qwen", ["mcp", "list"]),
        ("claude", ["mcp", "list"]),
        ("codex", ["mcp", "list"]),
    ],
)
def test_a_subcommand_that_is_no_chat_gets_no_additional_arguments(name: str, arguments: list[str]) -> None:
    argv = CATALOG[name].argv(arguments, values=TemplateValues(conversation=ID, files="/f", prompt="do it"))
    assert argv == [CATALOG[name].executable, *arguments]


@pytest.mark.parametrize(
    ("name", "prompts", "others"),
    [
        ("claude", ["❯ hello"], ["❯\xa0hello", "● hello", "  ❯ 1. Yes", "❯"]),
        ("codex", ["› hello"], ["• hello", "  › hello", "›"]),
        ("gemini", [" > hello"], [" >   Type your message or @path/to/file", "✦ hello", "> hello"]),
        ("aider", ["> hello", "ask> hello", "architect multi> hello", "multi> hello"], [">", "mysql> select", " > x"]),
    ],
)
def test_the_pattern_matches_rows_with_the_users_prompts(name: str, prompts: list[str], others: list[str]) -> None:
    pattern = CATALOG[name].signals.user_prompt
    assert [row for row in (*prompts, *others) if re.match(pattern, row)] == prompts


GEMINI_BEFORE_ITS_CONVERSATION = [
    " ▝▜▄     Gemini CLI v0.61.0",
    "   ▝▜▄",
    "  ▗▟▀    Authenticated with gemini-api-key /auth",
    " ▝▀",
    "",
    "Tips for getting started:",
    "1. Create GEMINI.md files to customize your interactions",
    "ℹ Initializing... Prompts will be queued.",
    " ⠋ Resuming session...",
    f"{' ' * 104}? for shortcuts",
    "─" * 120,
    " Shift+Tab to accept edits",
    "▄" * 120,
]


@pytest.mark.parametrize(
    "row",
    [
        " > I like apples",
        "> I like apples",
        "✦ echo: I like apples",
        "  answer line 0061",
        "│ ✓  Shell sh work.sh",
        "User:  I like apples",
        "Model:  echo: I like apples",
    ],
)
def test_the_pattern_matches_the_rows_of_a_conversation_that_gemini_resumed(row: str) -> None:
    pattern = CATALOG["gemini"].signals.resumed_line
    assert re.match(pattern, row)
    assert not [each for each in GEMINI_BEFORE_ITS_CONVERSATION if re.match(pattern, each)]


@pytest.mark.parametrize("row", [" >   Type your message or @path/to/file", ">    Type your message or @path/to/file"])
def test_the_pattern_matches_geminis_input_line_also_in_the_view_for_screen_readers(row: str) -> None:
    assert re.match(CATALOG["gemini"].signals.input_line, row)


def test_only_an_argv_that_continues_a_conversation_is_recognized() -> None:
    gemini = CATALOG["gemini"]
    values = TemplateValues(conversation=ID)
    for argv in (gemini.argv(values=values, mode="resume"), ["gemini", "-r", "latest"], ["gemini", f"--resume={ID}"]):
        assert gemini.continues(argv)
    assert not gemini.continues(gemini.argv(["--model", "x"], values=values))
