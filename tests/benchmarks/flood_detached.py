"""34 MB of coloured output with nobody attached, against tmux.

The time from the start of the command (``outlive new -d -- cat FILE``, ``tmux new-session -d cat
FILE``) to the end of the process that holds the session (the host, the tmux server): everything is
in it, both programs' start-up and the host's writing down of the end. The program's own time,
``cat``'s start to its end, is told beside it.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.benchmarks import peers, streams
from tests.benchmarks.report import Report, Series, ratio
from tests.benchmarks.setting import Setting
from tests.programs import program
from tests.support.windows import outlive


def run(setting: Setting) -> Report:
    """Measure."""
    report = Report("flood_detached", "34 MB of coloured output, nobody attached")
    flood = streams.flood_file(setting.cache)
    ours = Series("outlive, command to host's end", "s", command="outlive new -d -- cat FILE")
    ours_program = Series("outlive, cat alone", "s")
    bare = Series("bare PTY, discarded", "s", command="script -qc 'cat FILE' /dev/null > /dev/null")
    theirs = Series("tmux, command to server's end", "s", command="tmux new-session -d cat FILE")
    theirs_program = Series("tmux, cat alone", "s")
    report.series = [ours, theirs, ours_program, theirs_program, bare]
    lacking = peers.missing("tmux")
    tmux = peers.Tmux(setting.area.runtime.parent)
    for _ in range(setting.rounds):
        ours.values.append(outlive_s(setting, ["cat", str(flood)]))
        if not lacking:
            theirs.values.append(tmux_s(tmux, ["cat", str(flood)]))
        result = setting.cache / "took"
        timed = program("timed_cat", flood, result)
        outlive_s(setting, timed)
        ours_program.values.append(take(result))
        if not lacking:
            tmux_s(tmux, timed)
            theirs_program.values.append(take(result))
        bare.values.append(bare_s(flood))
    if lacking:
        report.notes.append(lacking)
        return report
    report.verdicts = [
        ratio("speed of tmux's, start-up included", theirs, ours, 1.5, at_least=True),
        ratio("speed of tmux's, the program alone", theirs_program, ours_program, at_least=None),
    ]
    return report


def take(result: Path) -> float:
    """The figure that ``timed_cat`` kept."""
    seconds = float(result.read_text())
    result.unlink()
    return seconds


def outlive_s(setting: Setting, argv: list[str]) -> float:
    """Run a program in a session from start to end."""
    began_s = time.perf_counter()
    session = setting.new_session(argv, "flood")
    peers.wait_process(session["host_pid"])
    took_s = time.perf_counter() - began_s
    outlive("rm", session["id"])
    return took_s


def tmux_s(tmux: peers.Tmux, argv: list[str]) -> float:
    """The same in tmux."""
    began_s = time.perf_counter()
    tmux.new(argv)
    tmux.wait_end()
    return time.perf_counter() - began_s


def bare_s(flood: Path) -> float:
    """The same on a PTY whose reader throws all away: the floor."""
    import os
    import pty

    master, slave = pty.openpty()
    began_s = time.perf_counter()
    process = subprocess.Popen(["cat", str(flood)], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:  # EIO: the program has ended and the terminal is empty.
        process.wait()
    finally:
        os.close(master)
    return time.perf_counter() - began_s
