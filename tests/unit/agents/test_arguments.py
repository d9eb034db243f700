"""Resuming a conversation does not repeat the prompt of its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.agents.agent import TemplateValues
from session_host.agents.arguments import prompt_of, without_prompt
from session_host.agents.catalog import load_catalog
from session_host.agents.probe import Probe
from session_host.agents.session_files import write_prompt

KNOWN = Probe(
    "1",
    frozenset({"--model", "-m", "--yolo", "--add-dir", "--effort"}),
    frozenset({"--model", "-m", "--add-dir"}),
    frozenset({"--add-dir"}),
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], []),
        (["fix the bug"], []),
        (["fix"], []),
        (["--model", "opus", "fix the bug"], ["--model", "opus"]),
        (["--model=opus", "fix the bug"], ["--model=opus"]),
        (["--yolo", "fix the bug"], ["--yolo"]),
        (["fix the bug", "--yolo"], ["--yolo"]),
        (["-m", "x", "--yolo", "fix", "-m", "y"], ["-m", "x", "--yolo", "-m", "y"]),
        (["--add-dir", "a", "b", "--yolo", "fix"], ["--add-dir", "a", "b", "--yolo"]),
        (["--hidden", "a value or a prompt"], ["--hidden", "a value or a prompt"]),
        (["--yolo", "--", "--fix", "it"], ["--yolo"]),
    ],
)
def test_with_known_options_the_prompt_is_removed(arguments: list[str], expected: list[str]) -> None:
    assert without_prompt(load_catalog(Path("/nonexistent"))["claude"], arguments, KNOWN) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["fix the bug", "--yolo"], ["--yolo"]), (["--yolo", "fix the bug"], ["--yolo", "fix the bug"])],
)
def test_with_unknown_options_a_word_that_may_be_a_value_stays(arguments: list[str], expected: list[str]) -> None:
    assert without_prompt(load_catalog(Path("/nonexistent"))["claude"], arguments, Probe()) == expected


def test_a_prompt_given_by_an_option_is_removed() -> None:
    gemini = load_catalog(Path("/nonexistent"))["gemini"]

    assert without_prompt(gemini, ["--prompt-interactive", "fix it", "--model", "x"], Probe()) == ["--model", "x"]
    assert without_prompt(gemini, ["--prompt-interactive=fix it", "--yolo"], Probe()) == ["--yolo"]
    assert without_prompt(gemini, ["--model", "x", "-i", "fix it"], Probe()) == ["--model", "x"]


def test_the_endpoints_question_after_two_dashes_is_removed() -> None:
    endpoint = load_catalog(Path("/nonexistent"))["endpoint"]

    assert without_prompt(endpoint, ["-m", "x", "--", "what now?"], Probe()) == ["-m", "x"]


def test_words_that_are_no_prompt_are_kept() -> None:
    aider = load_catalog(Path("/nonexistent"))["aider"]

    assert without_prompt(aider, ["a.py", "--", "b.py"], KNOWN) == ["a.py", "--", "b.py"]


@pytest.mark.parametrize("agent", ["gemini", "copilot", "qwen"])
@pytest.mark.parametrize("option", ["-p", "--prompt"])
def test_a_prompt_given_by_a_prompt_option_is_not_repeated_by_a_resume(agent: str, option: str) -> None:
    catalog = load_catalog(Path("/nonexistent"))

    assert without_prompt(catalog[agent], [option, "say X", "--yolo"], Probe()) == ["--yolo"]
    assert without_prompt(catalog[agent], [f"{option}=say X", "--yolo"], Probe()) == ["--yolo"]


@pytest.mark.parametrize("agent", ["gemini", "qwen"])
def test_a_prompt_given_as_a_bare_word_is_not_repeated_by_a_resume(agent: str) -> None:
    catalog = load_catalog(Path("/nonexistent"))

    assert without_prompt(catalog[agent], ["say X"], Probe()) == []
    assert without_prompt(catalog[agent], ["-psay X"], Probe()) == []
    assert without_prompt(catalog[agent], ["--model", "m", "say X", "--yolo"], KNOWN) == ["--model", "m", "--yolo"]


def test_a_claude_that_printed_one_answer_continues_as_a_chat() -> None:
    claude = load_catalog(Path("/nonexistent"))["claude"]

    assert without_prompt(claude, ["-p", "say X"], KNOWN) == []
    assert without_prompt(claude, ["--model", "m", "--print", "say X"], KNOWN) == ["--model", "m"]
    assert without_prompt(claude, ["-p", "--output-format", "json", "say X"], KNOWN) == []


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
    definition = load_catalog(Path("/nonexistent"))["endpoint"]
    argv = definition.argv(values=TemplateValues(prompt="fix it", conversation="c", files=str(tmp_path)))
    write_prompt(tmp_path / "prompt", "fix it")

    assert "fix it" not in argv
    assert prompt_of(definition, argv, []) == "fix it"
    assert prompt_of(definition, definition.argv(values=TemplateValues(conversation="c", files="/f")), []) == ""
