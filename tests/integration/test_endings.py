"""The end of a chat: which processes end with it, how it is worded, and that it is listed at once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from session_host.client.sessions.session_info import describe, find_session
from session_host.client.sessions.store_access import open_store
from session_host.paths import database
from session_host.protocol.values import State
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.identity import is_running
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.facts import known
from tests.support.hosts import description_of
from tests.support.reboots import kill_at_once
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

AGENT = '''
import os, signal, subprocess, sys, time
found = {"agent": os.getpid()}
stubborn = "from signal import *; [signal(each, SIG_IGN) for each in (SIGHUP, SIGTERM)]; pause()"
def start(name, *words, **options):
    found[name] = subprocess.Popen([sys.executable, "-ISc", *words], **options).pid
start("tool", "import signal; signal.pause()")
start("detached", "import signal; signal.pause()", start_new_session=True)
start("stubborn", stubborn, start_new_session=True)
start("unmarked", "import signal; signal.pause()", start_new_session=True, env={})
start("daemon", "import signal; signal.pause()", "the-daemon", start_new_session=True)
start("of another chat", "import signal; signal.pause()", start_new_session=True, env={"OUTLIVE_SESSION": "another"})
daemonize = """
import os, sys
os.fork() and os._exit(0)
os.setsid()
os.fork() and os._exit(0)
print(os.getpid(), flush=True)
os.closerange(0, 4096)
os.execve(sys.executable, [sys.executable, "-ISc", "import signal; signal.pause()"], {})
"""
forgotten = subprocess.run([sys.executable, "-ISc", daemonize], stdout=subprocess.PIPE, check=True)
found["without any sign of its origin"] = int(forgotten.stdout)
import json
with open(sys.argv[1] + ".new", "w") as file:
    json.dump(found, file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    sys.exit(3)
'''


def install_agent(area: Area, signals: str) -> None:
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "Fake"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
        f"[signals]\n{signals}\n"
    )


def start_chat(tmp_path: Path, name: str = "one") -> tuple[str, dict[str, int]]:
    """Start a chat with the agent; returns the chat's id and the PIDs of its processes by name."""
    report = tmp_path / name
    session = str(outlive("new", "fake", "--json", "--", "-ISc", AGENT, str(report)).json()["id"])
    wait_until(report.exists, 20, "the agent to be ready")
    pids: dict[str, int] = json.loads(report.read_text())
    return session, pids


def living(pids: dict[str, int]) -> set[str]:
    return {name for name, pid in pids.items() if processes.is_alive(pid)}


def end_rest(pids: dict[str, int]) -> None:
    for name in living(pids):
        os.kill(pids[name], signal.SIGKILL)


@pytest.mark.parametrize("subcommand", ["stop", "kill"])
def test_only_the_agents_own_processes_end_with_it(area: Area, tmp_path: Path, subcommand: str) -> None:
    install_agent(area, "ends_all = true")
    session, pids = start_chat(tmp_path)
    neighbour, others = start_chat(tmp_path, "other")
    assert living(pids) == living(others) == {*pids}

    assert outlive(subcommand, session, timeout_s=30).code == 0

    assert living(pids) == {"of another chat"}
    assert living(others) == {*others}, "another chat's are not this one's"
    assert outlive("kill", neighbour).code == 0
    end_rest(pids)
    end_rest(others)


LAUNCHER = """
import subprocess, sys
subprocess.run([sys.executable, "-ISc", *sys.argv[1:]])
"""
"""It dies of SIGTERM at once, as Qwen Code's does."""

SLOW_TO_SAVE = """
import os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.signal(signal.SIGHUP, signal.SIG_IGN)  # from the terminal, when the launcher has died
open(sys.argv[1], "w").close()
signal.sigwait([signal.SIGTERM])
time.sleep(3)  # It takes longer than the processes that an agent leaves behind have to exit.
os.rename(sys.argv[1], sys.argv[1] + ".saved")
"""


def test_a_stopped_agent_behind_a_launcher_has_the_time_to_save_its_last_answer(area: Area, tmp_path: Path) -> None:
    install_agent(area, "ends_all = true")
    answer = tmp_path / "answer"
    argv = ["-ISc", LAUNCHER, SLOW_TO_SAVE, str(answer)]
    session = str(outlive("new", "fake", "--json", "--", *argv).json()["id"])
    wait_until(answer.exists, 20, "the agent to be ready")

    assert outlive("stop", session, timeout_s=30).code == 0

    assert (tmp_path / "answer.saved").exists()


NEVER_ENDS = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    signal.pause()
"""


def test_stop_returns_when_an_agent_behind_a_launcher_has_ended_and_kills_one_that_does_not(
    area: Area, tmp_path: Path
) -> None:
    install_agent(area, "ends_all = true")
    ready = tmp_path / "ready"
    argv = ["-ISc", LAUNCHER, NEVER_ENDS, str(ready)]
    session = str(outlive("new", "fake", "--json", "--", *argv).json()["id"])
    wait_until(ready.exists, 20, "the agent to be ready")
    agent = int(ready.read_text())

    assert outlive("stop", session, timeout_s=40).code == 0

    is_left = is_running(agent, None)
    if is_left:
        os.kill(agent, signal.SIGKILL)
    assert not is_left


def test_daemons_of_a_dead_agent_are_found_and_ended(area: Area, tmp_path: Path) -> None:
    """After the agent dies during its work, the host ends only the daemons that the catalog names."""
    install_agent(area, "ends_all = true\nstrays = ['the-daemon$']")
    session, pids = start_chat(tmp_path)

    os.kill(pids["agent"], signal.SIGKILL)

    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    wait_for_end(pids["daemon"], 10)
    assert {"detached", "stubborn"} <= living(pids), "they may be what its user wanted of it"
    assert "without any sign of its origin" in living(pids)
    explained = outlive("explain", session).output
    assert f"(PID {pids['detached']})" in explained
    assert str(pids["of another chat"]) not in explained

    done = outlive("kill", session)

    assert done.code == 0
    assert "had left behind" in done.output
    assert living(pids) == {"of another chat"}
    assert outlive("kill", session).code == 6
    end_rest(pids)


def test_what_a_removed_chat_left_running_is_named(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    # The shell ends once `sleep` has a session of its own: until then, the end of the shell would end it, too.
    left_behind = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 1000"
    script = f"setsid sh -c '{left_behind}' & while [ ! -e {pid} ]; do sleep 0.01; done"
    session = str(outlive("new", "--json", "--", "sh", "-c", script).json()["id"])
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    left = int(pid.read_text())
    try:
        assert f"sleep (PID {left})" in outlive("rm", session).output
    finally:
        os.kill(left, signal.SIGKILL)


def test_an_agent_that_outlived_all_of_outlive_can_be_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    session = new("-n", "one", "--", sys.executable, "-ISc", NEVER_ENDS, str(pid))
    wait_until(pid.exists, 20, "the agent to run")
    description = description_of(session)
    assert description.host.keeper_pid is not None
    kill_at_once([*processes.keepers(description.host.keeper_pid), known(description.facts.program.host_pid)])
    agent = int(pid.read_text())
    assert is_running(agent, None)
    assert f"(PID {agent}); `outlive kill one` ends this" in outlive("explain", "one").output
    assert "had left behind" in outlive("kill", "one").output
    assert not is_running(agent, None)


@pytest.mark.parametrize("without", ["", "env -i "])
def test_what_a_command_started_ends_with_it(tmp_path: Path, without: str) -> None:
    pid = tmp_path / "pid"
    left = f"echo $$ > {pid}.new; /bin/mv {pid}.new {pid}; exec /bin/sleep 1000"
    script = f"({without}setsid /bin/sh -c '{left}' >&- 2>&- <&- &); exec sleep 1000"
    session = str(outlive("new", "--json", "--", "sh", "-c", script).json()["id"])
    wait_until(pid.exists, 20, "the command to run")
    assert outlive("stop", session).code == 0
    assert not is_running(int(pid.read_text()), None)


def test_outlive_that_was_started_from_inside_of_a_chat_does_not_end_with_it(area: Area, tmp_path: Path) -> None:
    install_agent(area, "ends_all = true")
    session, pids = start_chat(tmp_path)
    description = describe(session)
    assert description is not None
    assert description.host.keeper_pid is not None
    kill_at_once([*processes.keepers(description.host.keeper_pid), known(description.facts.program.host_pid)])
    command = [sys.executable, "-P", "-m", "session_host.cli", "new", "-d", "-n", "inner", "--", "sleep", "1000"]
    subprocess.run(command, check=True, preexec_fn=Mark.of_chat(session).set_limit)

    assert outlive("kill", session).code == 0

    assert living(pids) == {"of another chat"}
    assert [each["state"] for each in outlive("ls", "--json").json()] == ["running"]
    assert outlive("kill", "inner").code == 0
    end_rest(pids)


def test_background_jobs_of_a_shell_stay(area: Area, tmp_path: Path) -> None:
    install_agent(area, "")
    session, pids = start_chat(tmp_path)

    assert outlive("kill", session).code == 0

    assert {"detached", "stubborn", "daemon"} <= living(pids)
    end_rest(pids)


def test_a_shell_exits_by_itself_at_a_hang_up(area: Area) -> None:
    session = str(outlive("new", "shell", "--json", "--", "bash", "--norc", "-i").json()["id"])
    assert outlive("wait", session, "--text", "[$#] ?$", "--timeout", "60").code == 0

    assert outlive("stop", session).code == 0

    [info] = [each for each in outlive("ls", "--all", "--json").json() if each["id"] == session]
    assert info["exit_signal"] == signal.SIGHUP or info["exit_code"] == 128 + signal.SIGHUP


def test_standard_error_goes_to_a_file(area: Area) -> None:
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\nstderr = true\n'
    )
    say = "import sys; print('on screen'); print('to the file', file=sys.stderr); sys.exit(4)"

    session = str(outlive("new", "fake", "--json", "--", "-ISc", say).json()["id"])

    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    assert outlive("peek", session).output.strip() == "on screen"
    path = area.state / "sessions" / session / "stderr.log"
    assert path.read_text() == "to the file\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_catalog_sets_the_terminals_name(area: Area) -> None:
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "F"\nexecutable = ""\nstart = ["{arguments}"]\nmonogram = "F"\n[identity]\nterm = "xterm-ghostty"\n'
        'program = "ghostty"\nprogram_version = "1.2"\nengines = ["ghostty"]\nanswer = "ghostty 1.2"\n'
    )
    ask = r"""printf '%s %s\n' "$TERM" "$TERM_PROGRAM,$TERM_PROGRAM_VERSION"; stty -icanon -echo; printf '\033[>0q';
        read -r -d '\\' answer; printf '%q\n' "$answer"; cat"""
    for engine, called, answer in [("ghostty", "ghostty,1.2", r"ghostty 1\.2\\E"), ("pyte", ",", r"Outlive.*\\E")]:
        session = str(outlive("new", "fake", "--json", "--engine", engine, "--", "bash", "-c", ask).json()["id"])
        assert outlive("wait", session, "--text", answer, "--timeout", "60").code == 0, engine
        assert outlive("peek", session).output.splitlines()[0] == f"xterm-ghostty {called}"
        assert outlive("kill", session).code == 0


def started(name: str) -> int:
    """Start a chat; returns the PID of its program."""
    child: int = outlive("new", "--json", "-n", name, "--", "sleep", "1000").json()["child_pid"]
    return child


def test_a_chat_killed_by_its_user_is_not_shown_as_ended_by_sigkill() -> None:
    started("killed")
    started("stopped")
    child = started("hit")
    assert outlive("kill", "killed").code == 0
    assert outlive("stop", "stopped").code == 0
    os.kill(child, signal.SIGKILL)
    assert outlive("wait", "hit", "--exited", "--timeout", "60").code == 0
    started("one of all")
    assert outlive("kill-all", "--yes").code == 0

    listed = outlive("ls", "--all").output
    infos = outlive("ls", "--all", "--json").json()
    found = {info["name"]: (info["exit_signal"], info["end_request"]) for info in infos}

    assert found == {"killed": (9, "kill"), "stopped": (15, "stop"), "hit": (9, None), "one of all": (9, "kill")}
    assert listed.count("■ killed by you") == 2
    assert listed.count("■ stopped by you") == listed.count("■ signal 9 (SIGKILL)") == 1
    assert "killed was killed by you" in outlive("send", "killed", "x").error
    assert "hit has ended (signal 9 (SIGKILL))" in outlive("send", "hit", "x").error


def test_the_time_of_an_end_is_known_before_it_is_saved(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    first = description_of(session)
    assert first.facts.outcome.ended_at is None
    assert first.facts.program.child_pid is not None
    with closing(sqlite3.connect(database(), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # The host cannot save the end.
        os.kill(first.facts.program.child_pid, signal.SIGKILL)

        def has_ended() -> bool:
            description = describe(session)
            return description is not None and description.facts.outcome.state is State.EXITED

        wait_until(has_ended, 20, "the end")
        with open_store() as store:
            record = store.get(session)
            assert record is not None
            assert record.outcome.state is State.RUNNING
            info = find_session(store, session)
        assert (info.state, info.facts.outcome.exit_signal) == (State.EXITED, signal.SIGKILL)
        assert info.facts.outcome.ended_at is not None
        connection.execute("ROLLBACK")
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0

    def is_saved() -> bool:
        with open_store() as store:
            return find_session(store, session).state is State.EXITED and store.running() == []

    wait_until(is_saved, 60, "the end to be saved")
    with open_store() as store:
        assert find_session(store, session).facts.outcome.ended_at == info.facts.outcome.ended_at, "the same time"
