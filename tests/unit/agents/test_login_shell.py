from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from session_host.agents import login_shell
from session_host.agents.login_shell import LoginPath, find_login_path, is_from_terminal, login_path
from tests.support import processes
from tests.support.area import Area
from tests.support.shells import stop_fish_from_reading_man_pages
from tests.support.terminals import Terminal
from tests.support.waiting import wait_for_end, wait_until


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, a shell may need longer than its user would wait."""
    monkeypatch.setattr(login_shell, "TIMEOUT_S", 60.0)


FILES = {
    "bash": ".bashrc",
    "zsh": ".zshrc",
    "fish": ".config/fish/config.fish",
    "tcsh": ".tcshrc",
    "dash": ".profile",
}
"""Where each shell's users put their PATH and their editor."""

SYNTAX = {
    "fish": "set -gx PATH /nvm/bin $PATH; set -gx EDITOR 'emacs -nw'\n",
    "tcsh": "setenv PATH /nvm/bin:$PATH; setenv EDITOR 'emacs -nw'\n",
}


def desktop(shell: str) -> dict[str, str]:
    """The environment that a desktop starts programs with."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return {"HOME": os.environ["HOME"], "SHELL": found, "PATH": "/usr/bin:/bin:/snap/bin", "LANG": "C.UTF-8"}


def start_up(area: Area, shell: str, text: str) -> None:
    file = area.home / FILES[shell]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    stop_fish_from_reading_man_pages(area.home)
    if shell == "bash":
        (area.home / ".bash_profile").write_text(". ~/.bashrc\n")


@pytest.mark.parametrize("shell", FILES)
class TestEveryShell:
    def test_its_path_comes_first_and_no_entry_is_lost(self, area: Area, shell: str) -> None:
        start_up(area, shell, SYNTAX.get(shell, "export PATH=/nvm/bin:$PATH EDITOR='emacs -nw'\n"))

        result = login_path(desktop(shell))

        assert (result.problem, result.editors) == ("", {"EDITOR": "emacs -nw"})
        entries = result.path.split(":")
        assert entries[0] == "/nvm/bin"
        assert {"/usr/bin", "/bin", "/snap/bin"} <= set(entries)
        assert len(entries) == len(set(entries))

    def test_its_output_and_input_make_no_difference(self, area: Area, shell: str) -> None:
        reads = {"fish": "read x\n", "tcsh": "set x = $<\n"}.get(shell, "read x\n")
        start_up(area, shell, f"echo '<outlive> welcome'\n{reads}{SYNTAX.get(shell, 'export PATH=/nvm/bin:$PATH')}\n")

        assert login_path(desktop(shell)).path.startswith("/nvm/bin:")


class TestStartUpFiles:
    def test_a_background_process_that_it_leaves_does_not_delay(self, area: Area) -> None:
        start_up(area, "bash", "sh -c 'echo $$ >~/pid; exec tail -f /dev/null' &\n")
        # A timeout would be reported as a problem.
        assert login_path(desktop("bash")).problem == ""

        pid = area.home / "pid"
        if pid.exists() and pid.read_text():
            wait_for_end(int(pid.read_text()), 5)

    def test_a_hanging_shell_is_ended_with_its_processes(self, area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
        start_up(area, "bash", "sh -c 'echo $$ >~/pid; exec tail -f /dev/null'\n")
        monkeypatch.setattr(login_shell, "TIMEOUT_S", 1.5)
        monkeypatch.setattr(login_shell, "LATER_TIMEOUT_S", 0.5)
        environment = desktop("bash")

        result = login_path(environment)

        assert result.path == environment["PATH"]
        assert "no answer within 1.5 s: check the shell's startup files" in result.problem
        pid = area.home / "pid"
        if pid.exists() and pid.read_text():  # A shell that is slower than the limit has not come so far.
            wait_for_end(int(pid.read_text()), 5)

    def test_an_exec_of_another_program_is_avoided(self, area: Area) -> None:
        (area.home / ".profile").write_text('export PATH=/nvm/bin:$PATH\n. "$HOME/.bashrc"\n')
        (area.home / ".bashrc").write_text("case $- in *i*) exec cat;; esac\n")

        assert login_path(desktop("bash")).path.startswith("/nvm/bin:")

    def test_slow_interactive_files_do_not_hide_the_agents_that_the_others_find(
        self, area: Area, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (area.home / ".profile").write_text('export PATH=/nvm/bin:$PATH\n. "$HOME/.bashrc"\n')
        (area.home / ".bashrc").write_text("case $- in *i*) exec tail -f /dev/null;; esac\n")
        monkeypatch.setattr(login_shell, "TIMEOUT_S", 0.3)
        monkeypatch.setattr(login_shell, "LATER_TIMEOUT_S", 30.0)

        result = login_path(desktop("bash"))

        assert result.path.startswith("/nvm/bin:")
        assert "no answer within 0.3 s: check the shell's startup files" in result.problem

    def test_an_unavoidable_exec_leaves_the_callers_path(self, area: Area) -> None:
        start_up(area, "bash", "exec cat\n")
        environment = desktop("bash")

        assert login_path(environment) == LoginPath(
            environment["PATH"],
            f"cannot read the PATH of {environment['SHELL']} (no output); using the current PATH to find agents",
        )

    def test_it_has_no_terminal_and_no_input(self, area: Area) -> None:
        start_up(
            area,
            "bash",
            "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || { : </dev/tty; } 2>/dev/null || export PATH=/none:$PATH\n",
        )

        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from session_host.agents.login_shell import login_path\n"
            "import os; print(login_path(dict(os.environ)).path)\n"
        )
        root = str(Path(__file__).parents[3])
        with Terminal([sys.executable, "-c", code, root], env=os.environ | desktop("bash")) as terminal:
            assert terminal.until(b"\n").startswith(b"/none:")

    def test_a_variable_tells_the_shell_who_asks(self, area: Area) -> None:
        start_up(area, "bash", 'export PATH="/asked-$OUTLIVE_RESOLVING_ENVIRONMENT-$TERM:$PATH"\n')

        assert login_path(desktop("bash")).path.startswith("/asked-1-xterm-256color:")

    def test_a_flood_of_output_does_no_harm(self, area: Area) -> None:
        start_up(area, "bash", "head -c 5000000 /dev/zero\nexport PATH=/nvm/bin:$PATH\n")

        assert login_path(desktop("bash")).path.startswith("/nvm/bin:")

    def test_directories_that_are_not_absolute_are_left_out(self, area: Area) -> None:
        start_up(area, "bash", "export PATH=.:node_modules/.bin::/nvm/bin:~/x:/usr/bin\n")

        assert login_path(desktop("bash")).path == f"/nvm/bin:{area.home}/x:/usr/bin:/bin:/snap/bin"

    def test_a_daemon_that_it_started_keeps_running(self, area: Area) -> None:
        daemon = "setsid sh -c 'echo $$ >~/pid; exec tail -f /dev/null' >/dev/null 2>&1 </dev/null &"
        start_up(area, "bash", f"{daemon}\nwhile [ ! -s ~/pid ]; do :; done\n")

        login_path(desktop("bash"))

        pid = int((area.home / "pid").read_text())
        assert processes.is_alive(pid)
        processes.end([pid])


class TestShells:
    def test_a_missing_shell_is_replaced_by_the_accounts(self, area: Area) -> None:
        environment = desktop("bash") | {"SHELL": "/no/shell"}

        assert login_path(environment).path.endswith("/snap/bin")

    @pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "no program at all", "#!/no/interpreter\n"])
    def test_a_program_that_is_no_shell_is_reported(self, tmp_path: Path, text: str) -> None:
        shell = tmp_path / "nologin"
        shell.write_text(text)
        shell.chmod(0o755)
        environment = desktop("bash") | {"SHELL": str(shell)}

        result = login_path(environment)

        assert result.path == environment["PATH"]
        assert str(shell) in result.problem

    def test_no_home(self) -> None:
        environment = desktop("bash") | {"HOME": "/no/home"}

        assert login_path(environment).problem == ""


class TestInALoop:
    async def test_the_loop_runs_meanwhile(self, area: Area) -> None:
        start_up(area, "bash", "export PATH=/nvm/bin:$PATH\n")

        assert (await find_login_path(desktop("bash"))).path.startswith("/nvm/bin:")

    async def test_when_it_is_cancelled_the_shell_ends(self, area: Area) -> None:
        start_up(area, "bash", "echo $$ >~/pid; tail -f /dev/null\n")
        task = asyncio.create_task(find_login_path(desktop("bash")))
        pid = area.home / "pid"
        await asyncio.to_thread(wait_until, lambda: pid.exists() and pid.read_text().strip(), 5, "the shell")

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        await asyncio.to_thread(wait_for_end, int(pid.read_text()), 2)
        assert not [thread for thread in threading.enumerate() if "login" in thread.name]


class TestWhoAsks:
    @pytest.mark.parametrize("term", ["xterm-256color", "screen", "alacritty"])
    def test_a_terminals_environment_is_its_users(self, term: str) -> None:
        assert is_from_terminal({"TERM": term})

    def test_a_desktops_is_not(self) -> None:
        environments = [{}, {"TERM": ""}, {"TERM": "dumb"}, {"TERM": "linux"}]
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from session_host.agents.login_shell import is_from_terminal\n"
            f"raise SystemExit(any(map(is_from_terminal, {environments!r})))"
        )
        root = str(Path(__file__).parents[3])

        done = subprocess.run([sys.executable, "-c", code, root], start_new_session=True, check=False)

        assert done.returncode == 0
