"""Random user files are read, or refused in one line that names the file."""

from __future__ import annotations

from pathlib import Path

from session_host.agents.catalog import load_catalog
from session_host.errors import ConfigError
from tests.support.fuzzing import chance, some, some_toml, times

GOOD = """\
title = "An agent"
executable = "agent"
start = ["agent", "{arguments}"]
arguments_replace = false
install_hint = "install it"
website = "https://example.org"
monogram = "A"
env = { KEY = "value" }
scrub_env = ["PATTERN_*"]
position = 3
"""


def assert_one_line_that_names(error: Exception, path: Path) -> None:
    text = str(error)
    assert str(path) in text
    assert "\n" not in text, text
    assert "\x1b" not in text, text


def test_any_file_of_an_agent_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    directory = tmp_path / "agents"
    directory.mkdir()
    with chance() as choose:
        for _ in range(times(400)):
            path = directory / some(choose, ["mine.toml", "claude.toml", "shell.toml"])
            path.write_bytes(some_toml(choose, GOOD))
            try:
                agent = load_catalog(tmp_path)[path.stem]
                argv = agent.argv(["one", "two"], {"SHELL": "/bin/sh"})
                assert all("\0" not in word for word in argv)
            except ConfigError as error:
                assert_one_line_that_names(error, path)
            except Exception as error:
                error.add_note(repr(path.read_bytes()))
                raise
            path.unlink()
