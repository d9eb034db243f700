from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from session_host.agents.agent import login_shell
from session_host.agents.catalog import BUILT_IN_DIRECTORY, load_agent, load_catalog, load_valid_agents
from session_host.errors import AgentNotFound, ConfigError, NoSuchAgent, UsageError


def write(config_dir: Path, name: str, text: str | bytes) -> Path:
    directory = config_dir / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def program(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


class TestBuiltIn:
    def test_each_agents_patterns_are_valid(self, tmp_path: Path) -> None:
        for file in BUILT_IN_DIRECTORY.glob("*.toml"):
            write(tmp_path, file.name, file.read_text())  # Those of a user's file are checked when it is read.
        assert list(load_catalog(tmp_path)) == list(load_catalog(tmp_path / "none"))

    def test_each_agent_says_how_it_is_installed_and_has_its_own_monogram(self, tmp_path: Path) -> None:
        agents = list(load_catalog(tmp_path).values())

        assert all(agent.install_hint and agent.website.startswith("https://") for agent in agents if agent.executable)
        assert len({agent.monogram for agent in agents}) == len(agents)
        assert all(1 <= len(agent.monogram) <= 2 for agent in agents)

    def test_the_shell_is_the_users_own_and_interactive(self, tmp_path: Path) -> None:
        shell = program(tmp_path, "mysh")

        assert load_catalog(tmp_path)["shell"].argv([], {"SHELL": str(shell)}) == [str(shell)]

    @pytest.mark.parametrize("value", [None, "", "sh", "/nowhere/sh"])
    def test_a_missing_shell_is_replaced(self, value: str | None) -> None:
        shell = login_shell({} if value is None else {"SHELL": value})

        assert os.access(shell, os.X_OK)
        assert shell.startswith("/")

    def test_command_without_a_program_says_what_to_type(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="outlive new command -- PROGRAM"):
            load_catalog(tmp_path)["command"].argv([])

    def test_an_unknown_agent_gets_an_error_that_lists_the_known_ones(self, tmp_path: Path) -> None:
        with pytest.raises(NoSuchAgent, match=r"'claud'; did you mean 'claude'\? Available: claude, codex.*command"):
            load_catalog(tmp_path).find("claud")


class TestFinding:
    def test_only_the_given_path_is_searched(self, tmp_path: Path) -> None:
        claude = program(tmp_path / "bin", "claude")
        agent = load_catalog(tmp_path)["claude"]

        assert agent.find(f"{tmp_path}/empty:{tmp_path}/bin") == str(claude)
        assert agent.find(f"{tmp_path}/empty") is None
        assert agent.find("") is None

    def test_a_file_that_cannot_be_run_is_not_found(self, tmp_path: Path) -> None:
        program(tmp_path / "bin", "claude").chmod(0o644)

        assert load_catalog(tmp_path)["claude"].find(f"{tmp_path}/bin") is None

    def test_the_found_path_is_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        claude = program(tmp_path / "bin", "claude")
        monkeypatch.chdir(tmp_path)

        assert load_catalog(tmp_path)["claude"].find("bin") == str(claude)

    def test_shell_and_command_are_always_found(self, tmp_path: Path) -> None:
        catalog = load_catalog(tmp_path)

        assert catalog["shell"].find("") == catalog["command"].find("") == login_shell()

    def test_a_missing_agent_is_one_line_with_a_remedy(self, tmp_path: Path) -> None:
        error = load_catalog(tmp_path)["claude"].not_found()

        assert isinstance(error, AgentNotFound)
        assert str(error) == (
            "Claude Code is not installed: claude is not on PATH; "
            "install it with: npm install -g @anthropic-ai/claude-code"
        )


class TestOneAgent:
    def test_equals_the_agent_of_the_whole_catalog(self, tmp_path: Path) -> None:
        write(tmp_path, "claude.toml", 'title = "Mine"\n')
        catalog = load_catalog(tmp_path)

        assert {name: load_agent(tmp_path, name) for name in catalog} == dict(catalog)

    def test_needs_no_file_of_another_agent(self, tmp_path: Path) -> None:
        write(tmp_path, "codex.toml", "{")

        assert load_agent(tmp_path, "claude").title == "Claude Code"
        with pytest.raises(ConfigError, match=r"codex\.toml"):
            load_agent(tmp_path, "codex")


class TestUserFiles:
    def test_add_an_agent(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "goose.toml",
            'title = "Goose"\nexecutable = "goose"\nstart = ["goose", "{arguments}", "--tail"]\nmonogram = "Go"\n',
        )

        catalog = load_catalog(tmp_path)

        assert list(catalog)[-1] == "goose"
        assert catalog["goose"].argv(["a", "b"]) == ["goose", "a", "b", "--tail"]

    def test_change_only_the_keys_that_they_name(self, tmp_path: Path) -> None:
        write(tmp_path, "claude.toml", 'start = ["claude", "--model", "x", "{arguments}"]\n[env]\nMORE = "1"\n')

        agent = load_catalog(tmp_path)["claude"]

        assert agent.argv([]) == ["claude", "--model", "x"]
        assert agent.title == "Claude Code"
        assert agent.env == {"CLAUDE_CODE_DISABLE_AGENT_VIEW": "1", "MORE": "1"}

    def test_an_agent_without_a_terminal_runs_as_a_chat_view(self, tmp_path: Path) -> None:
        chat_view = '[chat_view]\ndialect = "acp"\nstart = ["mine", "--acp"]\n'
        write(tmp_path, "mine.toml", f'title = "Mine"\nexecutable = "mine"\nmonogram = "Mi"\n{chat_view}')

        catalog = load_catalog(tmp_path)

        assert {name: catalog[name].runtimes for name in ("claude", "shell", "mine")} == {
            "claude": ("terminal", "structured"),
            "shell": ("terminal",),
            "mine": ("structured",),
        }
        mine = catalog["mine"]
        assert mine.choose_runtime(None) == mine.nearest_runtime("terminal") == "structured"
        assert mine.resumes("terminal"), "an earlier chat of its terminal becomes a chat view"
        with pytest.raises(UsageError, match="Mine runs in no terminal; show it as a chat view"):
            mine.choose_runtime("terminal")
        with pytest.raises(UsageError, match="has no chat view"):
            catalog["shell"].choose_runtime("structured")

    def test_accounts_are_of_the_users_file_with_whole_paths(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        write(tmp_path, "claude.toml", '[accounts.work]\nenv = { CLAUDE_CONFIG_DIR = "~/.claude-work", B = "/b" }\n')

        claude = load_catalog(tmp_path)["claude"]

        assert claude.account("work") == {"CLAUDE_CONFIG_DIR": "/home/me/.claude-work", "B": "/b"}
        assert (claude.account(""), load_catalog(tmp_path / "none")["claude"].accounts) == ({}, {})
        with pytest.raises(UsageError, match="claude has no account 'home'; available: work"):
            claude.account("home")

    def test_other_files_are_left_alone(self, tmp_path: Path) -> None:
        write(tmp_path, "README.md", "{")
        write(tmp_path, "claude.toml~", "{")

        assert list(load_catalog(tmp_path)) == list(load_catalog(tmp_path / "none"))

    @pytest.mark.parametrize(
        ("text", "where", "what"),
        [
            ('title = "x"\nstart = [\n', ":2:", "end of document"),
            ('title = "x"\nstart = oops\n', ":2:", "line 2, column 9"),
            ('title = "x"\ncolour = "red"\n', ":2:", "unknown key 'colour'"),
            ('title = "x"\n[env_if]\nX = "y"\n', ":2:", "unknown condition 'y'"),
            ('title = "x"\n\nstart = "x"\n', ":3:", "start: expected a list, got text"),
            ('title = "x"\n[env]\nA = 1\n', ":2:", "env: expected text, got a whole number"),
            ('title = "x"\nstart = ["{argument}"]\n', ":2:", "unknown placeholder"),
            ('start = ["x"]\n[chat_view]\nstart = ["x", "{promt}"]\ndialect = "acp"\n', ":3:", "unknown placeholder"),
            ('[chat_view]\ndialect = "acp"\nstart = ["x"]\none_shot = ["x", "{promt_file}"]\n', ":4:", "{promt_file}"),
            ('start = ["{arguments}", "{arguments}"]\n', ":1:", "once"),
            ('start = ["a\\u0000b"]\n', ":1:", "NUL"),
            ('title = "x"\nexecutable = "x"\nstart = ["x"]\n', ":1:", "'monogram' is missing"),
            ('title = "x"\nexecutable = "x"\nmonogram = "x"\n', ":1:", "'start' is missing"),
            (b'title = "x"\n# \xff\n', ":2:", "UTF-8"),
            ('"title" = 3', ":1:", "title: expected text, got a whole number"),
            (
                '[accounts.a]\nenv = { A = "/a" }\n[accounts.b]\nenv = { X_API_KEY = "k" }\n',
                ":3:",
                "X_API_KEY is a secret",
            ),
            ('[accounts.a]\nenv = { x_token = "/a" }\n', ":1:", "log in there once"),
            ('[accounts.a]\nenv = { CLIENT_SECRET = "~/a" }\n', ":1:", "leave it out"),
            ('[accounts.a]\nenv = { A = "a" }\n', ":1:", "A must be an absolute path, or begin with ~/"),
            ('[accounts.a]\nenv = { A = "~root" }\n', ":1:", "A must be an absolute path"),
            ('[accounts.a]\nenv = { A = "/a\\nb" }\n', ":1:", "A must be an absolute path"),
            ('[accounts.a]\nenv = { "A B" = "/a" }\n', ":1:", "no name of a variable"),
            ("[accounts.a]\nenv = {}\n", ":1:", "env names no variable"),
            ("[accounts.a]\n", ":1:", "missing required field 'env'"),
            ('[accounts."A B"]\nenv = { A = "/a" }\n', ":1:", "names of accounts"),
        ],
    )
    def test_mistakes_are_named_with_file_and_line(
        self, tmp_path: Path, text: str | bytes, where: str, what: str
    ) -> None:
        path = write(tmp_path, "x.toml", text)

        with pytest.raises(ConfigError) as caught:
            load_catalog(tmp_path)

        message = str(caught.value)
        assert message.startswith(str(path))
        assert re.search(where, message), message
        assert re.search(what, message), message
        assert "\n" not in message

    @pytest.mark.parametrize("name", ["UP.toml", "-x.toml", "a b.toml", ".toml.toml"])
    def test_names_that_no_command_line_can_contain_are_refused(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, name, "")

        with pytest.raises(ConfigError, match="rename the file"):
            load_catalog(tmp_path)

    def test_an_unreadable_file_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "agents" / "x.toml").mkdir(parents=True)

        with pytest.raises(ConfigError, match=r"x\.toml: cannot read it"):
            load_catalog(tmp_path)

    def test_a_file_in_place_of_the_directory_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "agents").write_text("")

        with pytest.raises(ConfigError, match="agents: cannot read it"):
            load_catalog(tmp_path)


class TestInvalidFiles:
    MINE = 'title = "Mine"\nexecutable = "mine"\nstart = ["mine"]\nmonogram = "M"\n'

    def test_another_agent_is_taken_in_the_place_of_theirs(self, tmp_path: Path) -> None:
        write(tmp_path, "mine.toml", self.MINE)
        write(tmp_path, "claude.toml", 'title = "My Claude"')
        before, problem = load_valid_agents(tmp_path, {})
        assert problem == ""
        write(tmp_path, "mine.toml", "title = ")
        write(tmp_path, "claude.toml", "unknown = 1")
        (tmp_path / "agents" / "new.toml").write_text("?")

        agents, problem = load_valid_agents(tmp_path, before)

        assert agents == before
        assert "claude.toml:1: unknown key" in problem

    def test_all_are_taken_if_the_directory_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "agents").write_text("")
        before = load_catalog(tmp_path / "none")

        assert load_valid_agents(tmp_path, before)[0] == before
