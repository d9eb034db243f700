"""``outlive new`` and ``outlive ls`` in scripts: frozen words, keys and exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, OnTerminal, environment, new, outlive
from tests.support.terminals import Terminal
from tests.support.waiting import TIMEOUT_S, wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

SESSION_KEYS = list(json.loads((REPOSITORY / "tests" / "recordings" / "ls.json").read_text())[0])


def listed(*words: str) -> list[dict[str, object]]:
    done = outlive("ls", "--json", *words)
    assert done.code == 0, done.error
    return list(done.json())


class TestNew:
    def test_json_output_has_the_frozen_keys(self, tmp_path: Path) -> None:
        done = outlive(
            "new", "--json", "-n", "my chat", "-C", str(tmp_path), "--size", "100x30", "-e", "K=V=W", "--", "cat", "-u"
        )

        session = done.json()
        assert list(session) == SESSION_KEYS
        assert str(uuid.UUID(session["id"])) == session["id"]
        assert session["name"] == "my chat"
        assert session["agent"] == "command"
        assert session["argv"] == ["cat", "-u"]
        assert session["cwd"] == str(tmp_path)
        assert session["state"] == "running"
        assert (session["cols"], session["rows"]) == (100, 30)
        assert session["exit_code"] is session["exit_signal"] is session["ended_at"] is None
        assert datetime.fromisoformat(session["created_at"]).utcoffset().total_seconds() == 0  # type: ignore[union-attr]
        assert processes.environment(session["child_pid"])[b"K"] == b"V=W"
        assert processes.name(session["host_pid"]) == "outlive-host"
        assert processes.name(session["keeper_pid"]) == "outlive-keeper"
        assert processes.parent(session["host_pid"]) == session["keeper_pid"]
        assert processes.parent(session["child_pid"]) == session["host_pid"]

    def test_a_chat_finds_the_command_and_not_the_python_of_outlive(self, area: Area) -> None:
        script = "command -v outlive; command -v python; outlive --version"
        env = {"VIRTUAL_ENV": "", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        assert outlive("new", "-n", "x", "--", "sh", "-c", script, env=env).code == 0
        assert outlive("wait", "x", "--exited", "--timeout", "60").code == 0
        printed = outlive("peek", "x").output.splitlines()
        assert printed[0] == str(area.state / "bin" / "outlive")
        assert printed[-1].startswith("outlive ")
        assert not any(line.startswith(sys.prefix) for line in printed)
        assert [each.name for each in (area.state / "bin").iterdir()] == ["outlive"]

    def test_new_without_a_terminal_prints_name_and_id(self) -> None:
        done = outlive("new", "-n", "x", "--", "cat")

        assert done.output == f"x {listed()[0]['id']}\n"

    def test_a_start_loads_only_what_it_needs(self) -> None:
        new("-n", "first", "--", "true")  # The first one checks the limit of ended chats.
        code = (
            "import sys\nfrom session_host.cli import main\n"
            "code = main(['new', '-d', '--', 'true'])\nprint(*sys.modules, file=sys.stderr)\nsys.exit(code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment()
        )
        assert done.returncode == 0
        assert not set(done.stderr.split()) & {
            "asyncio",
            "concurrent.futures",
            "hashlib",
            "logging",
            "subprocess",
            "threading",
            "session_host.git",
            "session_host.agents.conversations.claude",
            "session_host.client.chats.removal",
            "session_host.client.sessions.store_access",
            "session_host.storage.journal",
            "session_host.storage.search",
            "session_host.structured",
            "session_host.terminal.prompts",
        }

    def test_shell_starts_the_users_interactive_shell(self) -> None:
        session = outlive("new", "shell", "--json", env={"SHELL": "/bin/bash"}).json()

        assert session["agent"] == "shell"
        assert session["argv"] == ["/bin/bash"]

    def test_a_prompt_and_a_preset_id_are_passed_to_the_agent(self, tmp_path: Path) -> None:
        claude = tmp_path / "claude"
        claude.write_text('#!/bin/sh\nfor each; do echo "[$each]"; done\ncat\n')
        claude.chmod(0o755)
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        agents = Path(os.environ["OUTLIVE_CONFIG_DIR"]) / "agents"
        agents.mkdir(parents=True)
        (agents / "claude.toml").write_text('[presets]\nplan = ["--permission-mode", "plan"]\n')

        new = outlive("new", "claude", "--json", "--preset", "plan", "-p", "what now?", "--", "-v", env=path)

        argv = new.json()["argv"]
        assert argv[-4:] == ["--permission-mode", "plan", "-v", "what now?"]
        assert outlive("new", "claude", "--preset", "no", env=path).complaint() == (
            "claude has no preset 'no'; available: plan"
        )
        assert "does not accept a prompt at startup" in outlive("new", "shell", "-p", "x").complaint()

    def test_an_agent_gets_its_own_arguments_and_settings(self, tmp_path: Path) -> None:
        claude = tmp_path / "claude"
        claude.write_text('#!/bin/sh\nprintf "[%s] " "$@" "$CLAUDE_CODE_DISABLE_AGENT_VIEW"\ncat\n')
        claude.chmod(0o755)

        outlive(
            "new", "claude", "-n", "c", "-d", "--", "--model", "a b", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        )

        text = r"\[--session-id\] \[[0-9a-f-]{36}\] \[--model\] \[a b\] \[1\]"
        assert outlive("wait", "c", "--text", text, "--timeout", "60").code == 0

    @pytest.mark.parametrize("engine", ["ghostty", "pyte"])
    def test_the_engine_can_be_chosen(self, engine: str) -> None:
        new("-n", "e", "--engine", engine, "--", "echo", "hello from the engine")

        assert outlive("wait", "e", "--text", "hello from", "--timeout", "60").code == 0
        assert listed("--all")[0]["engine"] == engine

    def test_a_chat_survives_the_process_that_started_it(self) -> None:
        with OnTerminal("new", "-d", "-n", "x", "--", "cat") as terminal:
            assert terminal.end() == 0
            session = listed()[0]
            terminal.close()
        assert processes.is_alive(int(str(session["child_pid"])))

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["claude"], "npm install -g @anthropic-ai/claude-code"),
            (["--", "nonesuch-program"], "nonesuch-program"),
            (["-C", "/nonesuch", "--", "cat"], "/nonesuch"),
            (["-C", "/etc/passwd", "--", "cat"], "/etc/passwd"),
            (["--", "/etc/passwd"], "/etc/passwd"),
        ],
    )
    def test_refusals_take_one_line_and_leave_nothing(self, words: list[str], message: str) -> None:
        done = outlive("new", *words, env={"PATH": "/usr/bin:/bin"})

        assert message in done.complaint()
        assert done.code == 1
        assert listed("--all") == []

    def test_a_broken_agent_file_is_reported_with_its_line(self, area: Area) -> None:
        (area.config / "agents").mkdir()
        (area.config / "agents" / "mine.toml").write_text('title = "x"\nwrong = 1\n')

        done = outlive("new", "mine")

        assert done.code == 1
        assert re.search(r"mine\.toml:2: unknown key 'wrong'", done.complaint())


class TestLs:
    def test_ls_lists_running_chats_and_with_all_the_ended_ones(self) -> None:
        new("-n", "long", "--", "cat")
        new("-n", "short", "--", "sh", "-c", "exit 3")
        outlive("wait", "short", "--exited", "--timeout", "60")

        assert [session["name"] for session in listed()] == ["long"]
        everything = listed("--all")
        assert [(session["name"], session["state"], session["exit_code"]) for session in everything] == [
            ("long", "running", None),
            ("short", "exited", 3),
        ]
        assert all(list(session) == [*SESSION_KEYS, "cursor"] for session in everything)
        table = outlive("ls", "--all").output.splitlines()
        assert table[0].split() == ["NAME", "AGENT", "STATE", "AGE", "ID", "DIRECTORY"]
        assert "■ exit code 3" in table[2]

    def test_ls_without_chats_prints_nothing(self) -> None:
        assert outlive("ls").output == "no running chats; `outlive new AGENT` starts one\n"
        assert listed() == []

    def test_ls_fits_the_terminals_width(self) -> None:
        new("-n", "a name that is rather long for a table", "--", "cat")

        with OnTerminal("ls") as terminal:
            assert terminal.end() == 0
            assert len(terminal.text().split("\n")) == 2

    def test_a_chat_without_host_and_keeper_is_lost_for_good(self, area: Area) -> None:
        session_id = new("-n", "x", "--", "sh", "-c", "echo was here; cat")
        session = listed()[0]
        journal = area.state / "sessions" / session_id / "journal"
        wait_until(lambda: any(b"was here" in each.read_bytes() for each in journal.glob("*.log")), 10, "the record")
        keeper, host, child = (int(str(session[which])) for which in ("keeper_pid", "host_pid", "child_pid"))
        ours = (processes.parent(keeper), keeper, host)
        pids = (*ours, child)
        # Stopped first, so that none of them can react to the end of another.
        for pid in ours:
            processes.stop(pid)
        for pid in ours:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_for_end(pid, 10)

        assert listed() == []
        assert [(each["state"], each["reason"]) for each in listed("--all")] == [("lost", "lost")]
        assert outlive("peek", session_id).output == "was here\n", "what was recorded is there"
        done = outlive("send", session_id, "x")
        assert done.code == 6
        done.complaint()


def test_a_program_gets_its_directory_as_the_user_named_it(tmp_path: Path) -> None:
    (tmp_path / "disk" / "api").mkdir(parents=True)
    (tmp_path / "link").symlink_to("disk")
    named = tmp_path / "link" / "api"
    program = ("--", "sh", "-c", "printenv PWD >pwd; exec cat")
    for directory, at in ((named, "."), (tmp_path, "link/api")):
        done = outlive("new", "--json", "-C", at, *program, cwd=directory, env={"PWD": str(directory)})
        assert done.json()["cwd"] == str(named), done.error
        wait_until((named / "pwd").exists, TIMEOUT_S, "the program to start")
        wait_until(lambda: (named / "pwd").read_text() == f"{named}\n", TIMEOUT_S, "its PWD")
        (named / "pwd").unlink()
    done = outlive("new", "--json", *program, cwd=named, env={"PWD": "/tmp"})
    assert done.json()["cwd"] == str(tmp_path.resolve() / "disk" / "api"), "PWD is not of this directory"


URL = "http://127.0.0.1:9/v1"


@pytest.mark.usefixtures("sessions")
def test_options_are_passed_to_the_program_and_defaults_suffice() -> None:
    words = ["-u", URL, "-m", "a model", "--system=-brief-", "--key", "file:key"]
    argv = outlive("new", "--json", "endpoint", *words, "-C", "/", "--", "--api", "chat").json()["argv"]
    behind = argv[argv.index("session_host.endpoint") + 1 :]
    assert behind[0] == "--conversation"
    assert behind[2:4] == ["--model=a model", f"--url={URL}"]
    assert behind[4:6] == ["--system=-brief-", "--key-from"]
    assert behind[6].startswith("file:/")
    assert behind[6].endswith("/key")
    assert behind[7:] == ["--api", "chat"]
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "endpoint.toml").write_text(f'url = "{URL}"\nmodel = "default-model"\n')
    session = outlive("new", "--json", "endpoint", "-p", "hello").json()
    assert session["runtime"] == "structured"
    wait_until(
        lambda: "connection to 127.0.0.1:9 refused" in outlive("peek", session["id"]).output, TIMEOUT_S, "the answer"
    )
    refused = outlive("new", "endpoint", "--runtime", "terminal")
    assert (refused.code, refused.error) == (2, "outlive: Model server runs in no terminal; show it as a chat view\n")


def test_a_bad_file_of_the_model_server_starts_no_chat(area: Area) -> None:
    """The chat was started, and ended at once."""
    area.config.mkdir(parents=True, exist_ok=True)
    path = area.config / "endpoint.toml"
    path.write_text('# mine\nurl = "ftp://server"\n')
    done = outlive("new", "endpoint", "-d", "-u", URL)
    assert done.code == 1
    assert done.complaint().startswith(f"{path}:2: invalid server address 'ftp://server'")
    assert outlive("ls", "--all", "--json").json() == []


NEW = shlex.join([*OUTLIVE, "new", "-d", "-n", "kept", "--", "cat"])


def is_usable(name: str) -> bool:
    """Whether the chat is running, and its program reads and writes."""
    child = next((each["child_pid"] for each in outlive("ls", "--json").json() if each["name"] == name), None)
    if child is None or not processes.is_alive(child):
        return False
    assert outlive("send", name, "still here", "--enter").code == 0
    return outlive("wait", name, "--text", "still here", "--timeout", "60").code == 0


def test_a_chat_survives_its_launchers_terminal() -> None:
    # An interactive shell as in a terminal window, with a session of its own and job control, runs the command.
    with Terminal(["bash", "--norc", "-i"], cwd=REPOSITORY, env=environment()) as shell:
        shell.type(f"{NEW}; echo now-closing-$((40 + 2))\n")
        shell.until(b"now-closing-42")
        shell.close()
        shell.wait()
    assert is_usable("kept")


def test_a_chat_survives_its_launchers_process_group() -> None:
    launcher = subprocess.Popen(
        ["sh", "-c", f"{NEW}; echo started; sleep 60"],
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=REPOSITORY,
        env=environment(),
    )
    assert launcher.stdout is not None
    with launcher.stdout as output:
        while b"started" not in output.readline():
            pass
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
    assert is_usable("kept")
