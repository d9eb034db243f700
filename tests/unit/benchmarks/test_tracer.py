"""The tracer kills a process at exactly the given system call, and changes nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.kills.trace import CannotTrace, Traced, Tracing
from tests.support import processes

WRITES = 100
STEPS = """
import os, sys
os.read(0, 1)
for number in range(100):
    os.write(OUTPUT, b'.')
_, status = os.waitpid(os.fork() or os._exit(5), 0)
os._exit(os.waitstatus_to_exitcode(status))
"""
THREADS = """
import os, threading
os.read(0, 1)
def work():
    for number in range(20):
        os.write(OUTPUT, b'.')
threads = [threading.Thread(target=work) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os._exit(5)
"""
FORKS = """
import os
os.read(0, 1)
child = os.fork()
if child == 0:
    for number in range(100):
        os.write(OUTPUT, b'.')
    os._exit(5)
_, status = os.waitpid(child, 0)
os._exit(-os.waitstatus_to_exitcode(status) if os.WIFSIGNALED(status) else 1)
"""
EXECS = """
import os, subprocess, sys
os.read(0, 1)
subprocess.run(['true', 'another'])
code = f"import os\\nfor number in range(100): os.write(OUTPUT, b'.')"
done = subprocess.run([sys.executable, '-I', '-S', '-c', code, 'the one'], pass_fds=[OUTPUT])
os._exit(-done.returncode if done.returncode < 0 else 1)
"""


DAEMONS = """
import os, subprocess, sys
os.read(0, 1)
code = f'''import os
child = os.fork()
for number in range(10 if child else 100):
    os.write(OUTPUT, b'.')
os._exit(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 5)
'''
done = subprocess.run([sys.executable, '-I', '-S', '-c', code, 'the one'], pass_fds=[OUTPUT])
os._exit(done.returncode & 0xFF)
"""


SHORT_THREADS = """
import os, threading
print("ready", flush=True)
while True:
    for thread in [threading.Thread(target=lambda: None) for _ in range(8)]:
        thread.start()
"""


class Program:
    """A program that waits before it begins; the size of a file counts its writes, one byte each."""

    def __init__(self, code: str, path: Path) -> None:
        self.path = path
        with path.open("wb") as file:
            number = file.fileno()
            self.process: subprocess.Popen[Any] = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", code.replace("OUTPUT", str(number))],
                stdin=subprocess.PIPE, pass_fds=[number],
            )  # fmt: skip

    def run(self) -> int:
        """Let the program begin; returns its exit status."""
        self.process.communicate(b".", timeout=20)
        assert self.process.returncode is not None
        return self.process.returncode

    @property
    def writes(self) -> int:
        return self.path.stat().st_size

    def traced(self, **options: Any) -> tuple[Traced, int]:
        """Run the program under the tracer; returns the tracer's result and the exit status."""
        try:
            with Tracing(self.process.pid, **options) as tracing:
                code = self.run()
                return tracing.result(), code
        except CannotTrace as error:
            pytest.skip(str(error))


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Any]:
    started: list[Program] = []

    def make(code: str) -> Program:
        started.append(Program(code, tmp_path / f"output-{len(started)}"))
        return started[-1]

    yield make
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def test_a_process_with_counted_calls_runs_to_its_end(programs: Any) -> None:
    program = programs(STEPS)
    trace, code = program.traced()
    assert code == 5, "the parent gets the child's end, traced or not"
    assert program.writes == trace.names["write"] == WRITES
    assert trace.killed_at is None
    assert trace.calls == sum(trace.names.values()) > WRITES


def test_the_process_is_killed_just_before_the_call(programs: Any) -> None:
    for kill_at in (1, 2, 50, 101):
        program = programs(STEPS)
        trace, code = program.traced(kill_at=kill_at)
        assert code == -signal.SIGKILL
        assert trace.killed_at == trace.calls == kill_at
        assert program.writes == trace.names.get("write", 0) - (trace.name == "write")


def test_threads_are_counted_together(programs: Any) -> None:
    program = programs(THREADS)
    trace, _ = program.traced()
    assert trace.names["write"] == program.writes == 100
    program = programs(THREADS)
    # Before all writes: the number of other calls depends on how the threads wait for each other.
    trace, code = program.traced(kill_at=60)
    assert code == -signal.SIGKILL
    assert trace.killed_at == trace.calls == 60
    assert program.writes <= trace.names.get("write", 0) < 60


def test_the_next_fork_is_followed_from_its_first_call(programs: Any) -> None:
    program = programs(FORKS)
    trace, code = program.traced(kill_at=20, follow="fork")
    assert code == signal.SIGKILL, "the parent saw how its child ended"
    assert trace.pid != program.process.pid
    assert 0 < program.writes <= 20


def test_a_program_that_is_executed_is_followed(programs: Any) -> None:
    program = programs(EXECS)
    trace, code = program.traced(follow="exec", match="the one")
    assert (code, program.writes) == (1, 100)
    program = programs(EXECS)
    assert trace.calls > 100
    trace, code = program.traced(kill_at=trace.calls - 20, follow="exec", match="the one")
    assert code == signal.SIGKILL
    assert 0 < program.writes < 100


def test_what_an_executed_program_forks_is_followed(programs: Any) -> None:
    program = programs(DAEMONS)
    trace, _ = program.traced(follow="daemon", match="the one")
    assert (trace.names["write"], program.writes) == (100, 110)
    program = programs(DAEMONS)
    trace, code = program.traced(kill_at=20, follow="daemon", match="the one")
    assert code == signal.SIGKILL, "the program saw how its child ended"
    assert trace.killed_at == 20
    assert 10 < program.writes <= 30


def test_a_tracer_that_detaches_leaves_the_process_unchanged(programs: Any) -> None:
    program = programs(STEPS)
    try:
        with Tracing(program.process.pid, kill_at=3):
            assert processes.is_alive(program.process.pid)
    except CannotTrace as error:
        pytest.skip(str(error))
    assert "TracerPid:\t0" in Path(f"/proc/{program.process.pid}/status").read_text()
    assert (program.run(), program.writes) == (5, WRITES)


def test_threads_that_begin_and_end_meanwhile_do_not_hinder(programs: Any) -> None:
    programs(STEPS).traced()  # skips the test on a system that does not allow tracing
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", SHORT_THREADS], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            for _ in range(20):
                Tracing(process.pid).stop()
        finally:
            process.kill()


def test_a_process_that_is_gone_cannot_be_traced() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    with pytest.raises(CannotTrace):
        Tracing(pid)
