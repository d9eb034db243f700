"""Programs that ignore signals, daemonize, close their terminal, or write endlessly."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.protocol.messages import Describe
from session_host.protocol.values import GridSize
from tests.programs import Gate, program
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.hosts import end, peek, see, shown, start, watching
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

DAEMON = """
import os, signal, sys
holds = sys.argv[1] == "hold"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if not holds:
            nothing = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nothing, descriptor)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with open(sys.argv[2] + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[2] + ".new", sys.argv[2])
        signal.pause()
    os._exit(0)
while not os.path.exists(sys.argv[2]):
    pass
print("the last words", flush=True)
sys.exit(5)
"""


def info(session: str) -> dict[str, object]:
    [found] = [each for each in outlive("ls", "--all", "--json").json() if each["id"] == session]
    return dict(found)


def rss_mb(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


@pytest.mark.parametrize("holds", ["hold", "let go"])
def test_a_program_that_daemonizes_has_ended_and_its_daemon_lives(area: Area, tmp_path: Path, holds: str) -> None:
    pid_file = tmp_path / "pid"
    session = new("--", sys.executable, "-ISc", DAEMON, holds, str(pid_file))
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    assert (info(session)["state"], info(session)["exit_code"]) == ("exited", 5)
    assert "the last words" in outlive("peek", session).output
    daemon = int(pid_file.read_text())
    assert processes.is_alive(daemon), "what a program left behind is its own affair"
    os.kill(daemon, signal.SIGKILL)


def test_stop_kills_a_program_that_ignores_other_signals(area: Area) -> None:
    session = new("--", *program("ignore_signals"))
    assert outlive("wait", session, "--text", "ready", "--timeout", "60").code == 0
    assert outlive("stop", session, timeout_s=30).code == 0
    assert info(session)["exit_signal"] == signal.SIGKILL


def test_a_suspended_program_can_be_ended(area: Area) -> None:
    session = new("--", "sh", "-c", "echo ready; kill -STOP $$; echo never; cat")
    assert outlive("wait", session, "--text", "ready", "--timeout", "60").code == 0
    assert outlive("stop", session, timeout_s=30).code == 0
    assert info(session)["exit_signal"] == signal.SIGTERM


def test_a_chat_can_be_killed_while_its_program_writes_endlessly(area: Area) -> None:
    session = new("--", "yes", "and so on and so forth")
    assert outlive("wait", session, "--text", "forth", "--timeout", "60").code == 0
    assert outlive("send", session, "typed into the flood", "--enter").code in {0, 1}
    assert outlive("kill", session).code == 0
    assert info(session)["exit_signal"] == signal.SIGKILL


async def test_a_flood_without_line_ends_takes_bounded_memory_and_can_be_peeked_at(tmp_path: Path) -> None:
    """One line of 120 MB is wrapped, and its beginning leaves the scrollback."""
    with Gate(tmp_path / "gate") as gate:
        flood = f"read x < {gate.path}; head -c 120M /dev/zero | tr '\\0' x; echo; echo the end; read x < {gate.path}"
        record = await start("bash", "-c", flood)
        description = await request(record.id, Describe(0))
        pid = description.facts.program.host_pid
        before_mb = rss_mb(pid)
        os.write(gate._descriptor, b"\n")
        max_mb = 0.0
        while not (lines := await peek(record.id, scrollback=False)) or lines[-1] != "the end":
            max_mb = max(max_mb, rss_mb(pid))
        assert max_mb - before_mb < 100, "bounded by the history and the bytes that wait, not by the line"
        whole = await peek(record.id)
        assert set("".join(whole[:-1])) == {"x"}
        assert len("".join(whole)) <= 10_100 * 80, "the history has its bound"
        async with watching(record.id) as (viewer, watcher):
            await see(viewer, watcher, "the end")
            assert "".join(shown(viewer)) == "".join(whole), "what is printed in pieces is one line"
        await end(record.id)


async def test_binary_output_in_a_tiny_window_does_no_harm(tmp_path: Path) -> None:
    """``cat`` of a program in a window of one column."""
    with Gate(tmp_path / "gate") as gate:
        (tmp_path / "garbage").write_bytes(os.urandom(2_000_000) + Path("/bin/sh").read_bytes() * 10)
        script = f"read x < {gate.path}; cat {tmp_path}/garbage; printf '\\033c\\030the end'; cat"
        record = await start("bash", "-c", f"stty raw -echo; {script}")
        async with watching(record.id, size=GridSize(1, 1)) as (tiny, tiny_watcher):
            os.write(gate._descriptor, b"\n")
            await see(tiny, tiny_watcher, "the end")
            assert tiny.replica.emulator is not None
            assert tiny.replica.emulator.size == GridSize(20, 5), "no program gets a smaller size"
            tiny.text("and on")
            await see(tiny, tiny_watcher, "and on")
            assert shown(tiny) == ["the endand on"]
            while await peek(record.id) != shown(tiny):  # The host may still be handling the output.
                pass
        await end(record.id)


def test_a_program_that_dies_during_a_flood_keeps_its_last_line(area: Area) -> None:
    session = new("--", "bash", "-c", "seq 1 200000; echo the very last; kill -9 $$")
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0
    lines = outlive("peek", session, "--scrollback").output.splitlines()
    assert lines[-2:] == ["200000", "the very last"]
    wait_until(lambda: info(session)["exit_signal"] == signal.SIGKILL, 10, "the end to be recorded")
