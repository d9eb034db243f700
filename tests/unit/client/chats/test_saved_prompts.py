"""The user's saved prompts: files in ``prompts``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.client.chats.saved_prompts import (
    MAX_BYTES,
    PromptExists,
    SavedPrompt,
    name_problem,
    prompts_directory,
    read_prompts,
    write_prompt,
)
from session_host.errors import ConfigError
from tests.support.area import Area

AGENTS = {"claude", "codex"}


def written(area: Area, **contents: str | bytes) -> Path:
    directory = prompts_directory(area.config)
    directory.mkdir(exist_ok=True)
    for name, content in contents.items():
        (directory / f"{name}.md").write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


def test_a_file_is_a_prompt_and_its_head_has_title_and_description(area: Area) -> None:
    directory = written(
        area,
        Review="\r\nReview it.\r\n\r\nThen stop.\r\n",
        api=f"---\ndescription: 'For: the API'\nagents: [claude, \"codex\"]\n# note\nmodel: opus\n"
        f"directory: {area.home}/api/\n---\n--- is no head\n",
    )
    (directory / "notes.txt").write_text("no prompt")
    (directory / ".hidden.md").write_text("no prompt")
    (directory / "deeper.md").mkdir()
    os.mkfifo(directory / "pipe.md")
    (directory / "gone.md").symlink_to(directory / "nowhere")
    prompts, broken = read_prompts(directory, AGENTS)
    assert [(prompt.name, prompt.text) for prompt in prompts] == [
        ("api", "--- is no head"),
        ("Review", "Review it.\n\nThen stop."),
    ]
    assert (prompts[0].description, prompts[0].agents) == ("For: the API", ("claude", "codex"))
    home = str(area.home)
    assert prompts[0].fits("claude", [home, f"{home}/api/deep/"])
    assert not prompts[0].fits("claude", [f"{home}/api-2"])
    assert not prompts[0].fits("shell", [f"{home}/api"])
    assert prompts[1].fits("shell", [])
    assert [(each.path.name, each.problem) for each in broken] == [
        ("deeper.md", "not a file"),
        ("gone.md", "No such file or directory"),
        ("pipe.md", "not a file"),
    ]
    assert read_prompts(area.config / "none", AGENTS) == ([], [])


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("---\nagents: claude\ntext", 1, "'---' has no second '---'"),
        ("---\nagents: claude\n\nagent: codex\n---\ntext", 4, "unknown key 'agent'"),
        ("---\nagents: claude, cluade\n---\ntext", 2, "there is no agent 'cluade'"),
        ("---\ndirectory: src\n---\ntext", 2, "directory: write an absolute path, or one that begins with ~"),
        ("---\n- claude\n---\ntext", 2, "'- claude' is not 'key: value'"),
        ("---\nagents: claude\n---\n \n", 4, "the prompt is empty"),
        (b"fine\nb\xff", 2, "not UTF-8"),
        ("a" * (MAX_BYTES + 1), 1, "longer than 256 KiB"),
    ],
)
def test_a_broken_file_is_named_with_its_line(area: Area, content: str | bytes, line: int, problem: str) -> None:
    prompts, [broken] = read_prompts(written(area, one=content), AGENTS)
    assert (prompts, broken.path.name, broken.line, broken.problem) == ([], "one.md", line, problem)


def test_a_prompt_is_read_as_it_was_saved_and_overwrites_no_other(area: Area) -> None:
    directory = prompts_directory(area.config)
    for text in ("plain", "---\nlike a head\n---\nrest", "two\n\nlines"):
        for agents, place in (((), ""), (("claude",), str(area.home))):
            wanted = SavedPrompt("Näme with spaces", text, directory / "x", agents=agents, directory=place)
            write_prompt(directory, wanted, replace=True)
            [prompt], _broken = read_prompts(directory, AGENTS)
            assert (prompt.name, prompt.text, prompt.agents, prompt.directory) == (wanted.name, text, agents, place)
    with pytest.raises(PromptExists):
        write_prompt(directory, SavedPrompt("Näme with spaces", "other", directory / "x"))
    (area.config / "file").write_text("")
    with pytest.raises(ConfigError, match="Not a directory"):
        write_prompt(area.config / "file", SavedPrompt("x", "text", directory / "x"))
    problems = [name_problem(name) for name in (" ", "a/b", ".a", "a\x1b", "ä" * 101, "fine")]
    assert problems == ["empty", "slash", "dot", "control", "long", ""]
