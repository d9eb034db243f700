"""A program's version and options are read once and within a time limit, whatever the program does."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_host.agents import probe
from session_host.agents.agent import Agent, Probe, StructuredSettings
from session_host.agents.catalog import load_catalog
from session_host.agents.probe import ask, probed, versions
from session_host.paths import state_dir
from tests.programs import Gate
from tests.support.processes import is_alive
from tests.support.waiting import wait_for_end, wait_until

HELP = """\
Usage: x [options] [prompt]
  exec         Run once [aliases: e]
  app-server   [experimental] Run the app server
  x-cli acp    start the server

  -c, --config <key=value>   override, see --other
  --model <model>            which
  --session-id <uuid>        what id
  --verbose                  say more
  -v, --version              say which
"""
OPTIONS = frozenset({"-c", "--config", "--other", "--model", "--session-id", "--verbose", "-v", "--version"})

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes a shell script that gets ``--version`` or ``--help``, and returns its path."""

    def write(script: str) -> str:
        path = tmp_path / "x"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write


def well_behaved(count: Path) -> str:
    return f"""echo >> {count}
case $1 in --version) echo 'x-cli 1.2.3-rc.4 (X)' ;; --help) cat <<'END'
{HELP}END
esac"""


def an_agent(**fields: object) -> Agent:
    values: dict[str, object] = {
        "name": "x",
        "title": "X",
        "executable": "x",
        "monogram": "x",
        "start": ("x",),
        "version": ("--version",),
        "help": ("--help",),
    }
    return Agent(**(values | fields))  # type: ignore[arg-type]


def probe_of(path: str, timeout_s: float = 60) -> Probe:
    return ask(an_agent(), path, os.environ, timeout_s)


def test_version_and_options(program: Program, tmp_path: Path) -> None:
    result = probe_of(program(well_behaved(tmp_path / "count")))

    valued = frozenset({"-c", "--config", "--model", "--session-id"})
    assert result == Probe("1.2.3-rc.4", OPTIONS, valued, commands=frozenset({"exec", "app-server", "acp"}))


def test_help_that_is_printed_as_an_error_is_help(program: Program) -> None:
    assert probe_of(program(f"cat >&2 <<'END'\n{HELP}END")).options == OPTIONS


def test_the_option_lists_of_yargs_say_which_options_take_a_value(program: Program) -> None:
    text = "x\n  -s, --session  id to go on with  [string]\n  -c, --continue  the last  [boolean]\n  --a --b --d"

    assert probe_of(program(f"cat <<'END'\n{text}\nEND")).valued == {"-s", "--session"}


@pytest.mark.parametrize(
    "script",
    ["echo hello; cat", f"cat <<'END'\n{HELP}END\nexit 3", "kill -9 $$", "exit 0", "echo --a --b"],
    ids=["says the same to anything", "fails", "crashes", "says nothing", "no help text"],
)
def test_text_that_is_no_help_gives_no_options(program: Program, script: str) -> None:
    assert probe_of(program(script)) == Probe()


def test_an_agent_behind_a_version_managers_link_has_its_own_options(tmp_path: Path) -> None:
    # pkill is a link to pgrep, which looks at the name by which it was started, as mise and volta do.
    link = tmp_path / "pkill"
    link.symlink_to("/usr/bin/pgrep")
    agent = an_agent(name="pkill", title="pkill", executable="pkill", tested=("4",))

    assert "--echo" in (probed(agent, str(link), os.environ, 10).options or ())
    assert probed(agent, "/usr/bin/pgrep", os.environ, 10) == Probe(), "another program's answer"
    assert "--echo" in (probed(agent, str(link), os.environ, 0).options or ()), "kept by both paths"
    assert probed(agent, str(link), os.environ, 0, "/usr") == Probe(), "another directory may have another version"


def test_a_file_that_is_no_program_gives_no_options(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\x7fELF no")
    path.chmod(0o755)

    assert probe_of(str(path)) == Probe()
    assert probe_of(str(tmp_path / "absent")) == Probe()


@pytest.mark.parametrize("script", ["sleep 1000", "trap '' TERM HUP INT; sleep 1000 & wait; sleep 1000"])
def test_a_hanging_program_is_ended_after_the_time_limit(program: Program, script: str, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.touch()  # A program that is slower than the limit has not come so far.
    result = probe_of(program(f"echo $$ >> {pids}; {script}"), timeout_s=2)

    assert result == Probe()
    for pid in pids.read_text().split():
        wait_for_end(int(pid), 5)


def test_endless_output_is_cut(program: Program) -> None:
    assert probe_of(program("yes -- --option"), timeout_s=3) == Probe()


def test_a_daemon_that_it_leaves_is_ended_without_waiting(program: Program, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    daemon = f"setsid sh -c 'echo $$ >> {pids}; exec sleep 1000' & while ! [ -s {pids} ]; do :; done"

    result = probe_of(program(f"{daemon}\n{well_behaved(tmp_path / 'count')}"))

    assert result.version == "1.2.3-rc.4"
    assert result.options == OPTIONS
    for pid in pids.read_text().split():
        wait_for_end(int(pid), 5)
        assert not is_alive(int(pid))


def test_the_program_has_no_terminal_no_input_and_no_project(program: Program, tmp_path: Path) -> None:
    seen = tmp_path / "seen"

    probe_of(program(f"{{ pwd; cat; (: < /dev/tty) 2>&1 && echo terminal; }} >> {seen}"))

    assert set(seen.read_text().splitlines()) - {"/"} != set()
    assert "terminal" not in seen.read_text().splitlines()


class TestOnceForEachVersion:
    def test_a_known_version_is_not_asked_again(self, program: Program, tmp_path: Path) -> None:
        path, count = program(well_behaved(tmp_path / "count")), tmp_path / "count"

        first, second = (probed(an_agent(), path, os.environ, 10) for _ in range(2))

        assert first == second
        assert len(count.read_text().splitlines()) == 2  # one for the version, one for the help

    def test_another_version_is_asked(self, program: Program, tmp_path: Path) -> None:
        path = program(well_behaved(tmp_path / "count"))
        probed(an_agent(), path, os.environ, 10)

        program(well_behaved(tmp_path / "count").replace("1.2.3", "1.2.4"))
        os.utime(path, (499162500, 499162500))  # the modification time of all files in npm's packages

        assert probed(an_agent(), path, os.environ, 10).version == "1.2.4-rc.4"

    def test_what_a_shell_script_starts_is_asked_in_each_directory_and_again_after_a_while(
        self, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        count = tmp_path / "count"
        path = program(well_behaved(count).replace("1.2.3", "'$(cat version)'"))
        for name, version in (("one", "1.0.1"), ("two", "2.0.1")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "version").write_text(version)

        def version_in(directory: str) -> str:
            return probed(an_agent(), path, os.environ, 10, str(tmp_path / directory)).version

        assert [version_in(each) for each in ("one", "two", "one", "two")] == ["1.0.1-rc.4", "2.0.1-rc.4"] * 2
        assert len(count.read_text().splitlines()) == 4
        (tmp_path / "one" / "version").write_text("1.0.2")
        monkeypatch.setattr(probe, "KEPT_S", 0.0)
        assert version_in("one") == "1.0.2-rc.4"
        assert version_in("absent") == "", "asked in the root directory, which has no version"

    def test_two_callers_at_once_run_the_program_once(self, program: Program, tmp_path: Path) -> None:
        count, gate = tmp_path / "count", Gate(tmp_path / "gate")
        path = program(f"{well_behaved(count)}\nhead -c 1 {gate.path} > {os.devnull}")
        with ThreadPoolExecutor() as threads:
            first = threads.submit(probed, an_agent(), path, os.environ, 60)
            wait_until(lambda: count.is_file() and count.read_text() == "\n\n", 10, "both questions")
            second = threads.submit(probed, an_agent(), path, os.environ, 60)
            gate.release(4)
            assert first.result() == second.result() != Probe()
        gate.close()

        assert count.read_text() == "\n\n"

    def test_a_program_that_never_answers_delays_few_starts(self, program: Program, tmp_path: Path) -> None:
        path = program(f"echo >> {tmp_path}/count; exit 1")
        for _ in range(5):
            assert probed(an_agent(), path, os.environ) == Probe()

        assert len((tmp_path / "count").read_text().splitlines()) == 6

    @pytest.mark.parametrize("content", ["", "{", '{"/x": 3}', "[" * 100_000])
    def test_a_damaged_file_counts_as_missing(self, program: Program, tmp_path: Path, content: str) -> None:
        state_dir().mkdir(parents=True, exist_ok=True)
        (state_dir() / "agents.json").write_text(content)

        assert probed(an_agent(), program(well_behaved(tmp_path / "count")), os.environ, 10).version == "1.2.3-rc.4"

    def test_a_read_only_state_directory_does_not_hinder(
        self, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(tmp_path / "file"))

        assert probed(an_agent(), program(well_behaved(tmp_path / "count")), os.environ, 10).version == "1.2.3-rc.4"

    def test_several_programs_are_asked_at_once(self, program: Program, tmp_path: Path) -> None:
        path = program(well_behaved(tmp_path / "count"))

        assert versions({path: an_agent(), str(tmp_path / "absent"): an_agent()}, os.environ) == {
            path: "1.2.3-rc.4",
            str(tmp_path / "absent"): "",
        }


def test_only_options_named_in_the_catalog_can_be_missing() -> None:
    agent = an_agent(start=("x", ("--hidden", "1"), ("--new=1",), ("--old", "1")), probed=("--new", "--old"))

    assert agent.supported(Probe("1", None)) is None
    assert agent.supported(Probe("1", frozenset({"--old"}))) == frozenset({"--hidden", "--old"})


def test_the_catalog_names_only_options_that_it_uses() -> None:
    for agent in load_catalog(Path("/nonexistent")).values():
        groups = [part[0] for part in (*agent.start, *agent.conversation.resume) if not isinstance(part, str)]
        assert set(agent.probed) <= {word.partition("=")[0] for word in groups}, agent.name


def test_a_version_without_the_protocols_command_or_option_does_not_speak_the_protocol() -> None:
    settings = StructuredSettings(dialect="codex", start=("x", "serve"), probed=("serve", "--lines"))
    agent = an_agent(structured=settings)
    options = frozenset({"--lines", "--model"})

    assert agent.speaks_protocol(Probe("1", options, commands=frozenset({"run", "serve"})))
    assert not agent.speaks_protocol(Probe("1", options, commands=frozenset({"run"})))
    assert not agent.speaks_protocol(Probe("1", options - {"--lines"}, commands=frozenset({"serve"})))
    assert agent.speaks_protocol(Probe("1"))
