"""Argument vectors made from the catalog's templates."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from session_host.agents.agent import Agent, ConversationSettings, Probe, TemplateValues, prompt_of, without_prompt
from session_host.agents.catalog import load_catalog
from session_host.agents.session_files import HOOK_PROGRAM, write_files, write_prompt
from session_host.errors import ConfigError

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
VALUES = TemplateValues(files="/f", conversation=ID)


def an_agent(**fields: object) -> Agent:
    values: dict[str, object] = {
        "name": "x",
        "title": "X",
        "executable": "x",
        "monogram": "x",
        "start": ("x", ("--set", "{files}/a"), ("--id", "{conversation}"), "{arguments}", ("--ask", "{prompt}")),
        "conversation": ConversationSettings(
            resume=("x", "--on", "{conversation}", "{arguments}", "{prompt}"),
            options={"--id": "id", "-c": "flag", "--on": "maybe id", "--fork": "fork", "resume": "maybe id"},
        ),
        "subcommands": ("login",),
    }
    return Agent(**(values | fields))  # type: ignore[arg-type]


def test_an_option_without_a_value_is_left_out() -> None:
    agent = an_agent()

    assert agent.argv(["-v"]) == ["x", "-v"]
    assert agent.argv(["-v"], values=VALUES._replace(prompt="do it")) == [
        "x",
        "--set",
        "/f/a",
        "--id",
        ID,
        "-v",
        "--ask",
        "do it",
    ]


def test_an_option_that_this_version_does_not_know_is_left_out() -> None:
    assert an_agent().argv(values=VALUES, supports={"--id"}) == ["x", "--id", ID]


def test_an_option_that_the_user_gives_is_not_given_twice() -> None:
    agent = an_agent()

    assert agent.argv(["--set", "mine"], values=VALUES) == ["x", "--id", ID, "--set", "mine"]
    assert agent.argv(["--set=mine"], values=VALUES) == ["x", "--id", ID, "--set=mine"]


@pytest.mark.parametrize("prompt", ["login", "-v means what?"])
def test_a_prompt_is_not_taken_for_a_subcommand_or_an_option(prompt: str) -> None:
    assert an_agent().argv(values=TemplateValues(prompt=prompt)) == ["x", "--ask", f" {prompt}"]


def test_a_subcommand_gets_only_the_users_arguments() -> None:
    assert an_agent().argv(["login", "--now"], values=VALUES) == ["x", "login", "--now"]


@pytest.mark.parametrize("options", [[], ["-E"]])
def test_a_program_of_ours_ignores_pythons_variables_where_the_command_does(options: list[str]) -> None:
    script = """
from pathlib import Path
from session_host.agents.catalog import load_catalog
agent = load_catalog(Path("/nowhere"))["command"]
print(agent.argv(["x"], template=agent.structured.start))
"""
    done = subprocess.run([sys.executable, *options, "-c", script], check=True, capture_output=True, text=True)
    assert literal_eval(done.stdout)[: 3 + len(options)] == [sys.executable, *options, "-P", "-m"]


def test_resume() -> None:
    agent = an_agent()

    assert agent.argv(["-v"], values=TemplateValues(conversation=ID), mode="resume") == ["x", "--on", ID, "-v"]
    values = TemplateValues(conversation=ID, prompt="go on")
    assert agent.argv(["-v"], values=values, mode="resume") == ["x", "--on", ID, "-v", "go on"]


@pytest.mark.parametrize(
    ("arguments", "is_chosen", "conversation", "others"),
    [
        ([], False, "", []),
        (["-v", "say"], False, "", ["-v", "say"]),
        (["--id", ID, "-v"], True, ID, ["-v"]),
        ([f"--id={ID}", "-v"], True, ID, ["-v"]),
        (["--on", ID], True, ID, []),
        (["--on"], True, "", []),
        (["--on", "-v"], True, "", ["-v"]),
        (["-c", "word"], True, "", ["word"]),
        (["--on", ID, "--fork"], True, "", []),
        (["resume", ID], True, ID, []),
        (["--id", "../etc"], True, "", ["../etc"]),
        (["--", "--id", ID], False, "", ["--", "--id", ID]),
    ],
)
def test_the_users_own_arguments_may_choose_the_conversation(
    arguments: list[str], is_chosen: bool, conversation: str, others: list[str]
) -> None:
    assert an_agent().parse_conversation_options(arguments) == (is_chosen, conversation, others)


def test_a_sessions_settings_file_has_the_command_of_its_hooks(tmp_path: Path) -> None:
    source = tmp_path / "settings.json"
    source.write_text('{"command": "{hook} Stop"}')

    write_files([str(source)], tmp_path / "one" / "agent")

    settings_file = tmp_path / "one" / "agent" / "settings.json"
    assert shlex.split(json.loads(settings_file.read_text())["command"])[-2:] == [str(HOOK_PROGRAM), "Stop"]
    assert settings_file.stat().st_mode & 0o777 == 0o600


def test_if_the_window_may_answer_hooks_ask_and_report_the_end_of_calls(tmp_path: Path) -> None:
    all_hooks = []
    for answering in (False, True):
        write_files(load_catalog(tmp_path)["claude"].files, tmp_path / "files", answering=answering)
        all_hooks.append(json.loads((tmp_path / "files" / "settings.json").read_text())["hooks"])
    previous, hooks = all_hooks
    [asking] = hooks.pop("PermissionRequest")[0]["hooks"]
    [reporting] = previous.pop("PermissionRequest")[0]["hooks"]
    ends = [hooks.pop(each) for each in ("PostToolUse", "PostToolUseFailure", "PostToolBatch", "SubagentStop")]
    assert hooks == previous
    for [entry] in ends:
        assert entry["hooks"] == [{**reporting, "command": reporting["command"].replace(" || true", " --done || true")}]
    assert reporting["async"]
    assert asking == {"type": "command", "command": asking["command"], "timeout": 86400}
    assert asking["command"] == reporting["command"].replace(" || true", " --ask || true")


def test_the_users_files_come_before_ours(tmp_path: Path) -> None:
    directory = tmp_path / "agents"
    (directory / "mine").mkdir(parents=True)
    (directory / "mine" / "a.json").write_text("{}")
    (directory / "mine.toml").write_text(
        'title = "M"\nexecutable = "m"\nstart = ["m"]\nmonogram = "M"\nfiles = ["a.json"]\n'
    )

    assert load_catalog(tmp_path)["mine"].files == (str(directory / "mine" / "a.json"),)

    (directory / "mine" / "a.json").unlink()
    with pytest.raises(ConfigError, match=r"a\.json: listed in `files` but missing"):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        'start = ["x", "{nonsense}"]',
        "start = [[]]",
        "[signals.titles]\n'(' = \"idle\"",
        '[conversation]\nresume = ["{x}"]',
    ],
)
def test_a_template_or_pattern_that_makes_no_sense_is_refused(tmp_path: Path, line: str) -> None:
    directory = tmp_path / "agents"
    directory.mkdir()
    (directory / "claude.toml").write_text(line + "\n")

    with pytest.raises(ConfigError, match=r"claude\.toml:"):
        load_catalog(tmp_path)


KNOWN = Probe(
    "1",
    frozenset({"--model", "-m", "--yolo", "--add-dir", "--effort"}),
    frozenset({"--model", "-m", "--add-dir"}),
    frozenset({"--add-dir"}),
)


@pytest.mark.parametrize(
    ("agent", "probe", "arguments", "expected"),
    [
        ("claude", KNOWN, [], []),
        ("claude", KNOWN, ["fix the bug"], []),
        ("claude", KNOWN, ["fix"], []),
        ("claude", KNOWN, ["--model", "opus", "fix the bug"], ["--model", "opus"]),
        ("claude", KNOWN, ["--model=opus", "fix the bug"], ["--model=opus"]),
        ("claude", KNOWN, ["--yolo", "fix the bug"], ["--yolo"]),
        ("claude", KNOWN, ["fix the bug", "--yolo"], ["--yolo"]),
        ("claude", KNOWN, ["-m", "x", "--yolo", "fix", "-m", "y"], ["-m", "x", "--yolo", "-m", "y"]),
        ("claude", KNOWN, ["--add-dir", "a", "b", "--yolo", "fix"], ["--add-dir", "a", "b", "--yolo"]),
        ("claude", KNOWN, ["--hidden", "a value or a prompt"], ["--hidden", "a value or a prompt"]),
        ("claude", KNOWN, ["--yolo", "--", "--fix", "it"], ["--yolo"]),
        # One that printed its answer continues as a chat.
        ("claude", KNOWN, ["-p", "say X"], []),
        ("claude", KNOWN, ["--model", "m", "--print", "say X"], ["--model", "m"]),
        ("claude", KNOWN, ["-p", "--output-format", "json", "say X"], []),
        # Of an unknown version, a word that may be a value stays.
        ("claude", Probe(), ["fix the bug", "--yolo"], ["--yolo"]),
        ("claude", Probe(), ["--yolo", "fix the bug"], ["--yolo", "fix the bug"]),
        ("gemini", Probe(), ["--prompt-interactive", "fix it", "--model", "x"], ["--model", "x"]),
        ("gemini", Probe(), ["--prompt-interactive=fix it", "--yolo"], ["--yolo"]),
        ("gemini", Probe(), ["--model", "x", "-i", "fix it"], ["--model", "x"]),
        ("gemini", Probe(), ["say X"], []),
        ("gemini", Probe(), ["-psay X"], []),
        ("gemini", Probe(), ["-p", "say X", "--yolo"], ["--yolo"]),
        ("gemini", Probe(), ["--prompt=say X", "--yolo"], ["--yolo"]),
        ("gemini", KNOWN, ["--model", "m", "say X", "--yolo"], ["--model", "m", "--yolo"]),
        ("qwen", Probe(), ["say X"], []),
        ("qwen", Probe(), ["-psay X"], []),
        ("qwen", Probe(), ["--prompt", "say X", "--yolo"], ["--yolo"]),
        ("qwen", Probe(), ["-p=say X", "--yolo"], ["--yolo"]),
        ("copilot", Probe(), ["-p", "say X", "--yolo"], ["--yolo"]),
        ("copilot", Probe(), ["--prompt=say X", "--yolo"], ["--yolo"]),
        ("endpoint", Probe(), ["-m", "x", "--", "what now?"], ["-m", "x"]),
        (
            "endpoint",
            Probe(),
            ["--model=x", "what now?", "--ask", "and then?", "--api", "chat"],
            ["--model=x", "--api", "chat"],
        ),
        ("aider", KNOWN, ["a.py", "--", "b.py"], ["a.py", "--", "b.py"]),
    ],
)
def test_a_resume_does_not_repeat_the_prompt(
    agent: str, probe: Probe, arguments: list[str], expected: list[str]
) -> None:
    assert without_prompt(load_catalog(Path("/nonexistent"))[agent], arguments, probe) == expected


@pytest.mark.parametrize("agent", ["claude", "gemini", "copilot"])
@pytest.mark.parametrize("arguments", [[], ["--model", "m"]])
def test_the_first_prompt_of_a_chat_is_found_in_its_argv(agent: str, arguments: list[str]) -> None:
    definition = load_catalog(Path("/nonexistent"))[agent]
    argv = definition.argv(arguments, values=TemplateValues(prompt="fix it", conversation="c", files="/f"))

    assert prompt_of(definition, argv, arguments) == "fix it"
    assert (
        prompt_of(
            definition, definition.argv(arguments, values=TemplateValues(conversation="c", files="/f")), arguments
        )
        == ""
    )


def test_the_first_prompt_of_a_chat_is_found_in_its_file(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    (agents / "mine.toml").write_text(
        'title = "Mine"\nexecutable = "mine"\nmonogram = "Mi"\nstart = ["mine", ["--file", "{prompt_file}"]]\n'
    )
    definition = load_catalog(tmp_path)["mine"]
    argv = definition.argv(values=TemplateValues(prompt="fix it", conversation="c", files=str(tmp_path)))
    write_prompt(tmp_path / "prompt", "fix it")

    assert "fix it" not in argv
    assert prompt_of(definition, argv, []) == "fix it"
    assert prompt_of(definition, definition.argv(values=TemplateValues(conversation="c", files="/f")), []) == ""
