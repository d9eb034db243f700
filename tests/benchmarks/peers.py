"""The programs that Outlive is compared with: which are installed, their versions, and how to run them."""

from __future__ import annotations

import os
import platform
import re
import select
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

VERSION_ARGUMENTS = {
    "tmux": ["-V"],
    "dtach": ["--version"],
    "konsole": ["--version"],
    "alacritty": ["--version"],
    "xterm": ["-version"],
}
COLUMNS, ROWS = 120, 40


def missing(name: str) -> str:
    """The report's note that a peer is skipped; "" if the peer is installed."""
    return "" if shutil.which(name) else f"skipped {name}: not installed (apt-get install {name})"


def version(name: str) -> str:
    """A peer's version number, from its own output; "" if the peer is not installed."""
    if not shutil.which(name):
        return ""
    # dtach prints its version on standard output and fails; konsole needs no display for it.
    done = subprocess.run(
        [name, *VERSION_ARGUMENTS[name]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.DEVNULL,
    )
    found = re.search(r"\d+[.\d]*\w*(\(\d+\))?", done.stdout + done.stderr)
    return found.group() if found else "unknown"


def machine() -> dict[str, str]:
    """The machine's properties, and the versions of our packages and of the compared programs."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    facts = {
        "cpu": f"{len(os.sched_getaffinity(0))} × {model.group(1) if model else platform.machine()}",
        "kernel": platform.release(),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
    }
    for package in ("PySide6-Essentials", "pyghostty", "pyte", "msgspec"):
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            facts[package] = "not installed"
    return facts | {name: version(name) or "not installed" for name in VERSION_ARGUMENTS}


class Tmux:
    """A tmux server of this benchmark, without a configuration."""

    def __init__(self, directory: Path) -> None:
        self._socket = directory / "tmux"

    def argv(self, *arguments: str) -> list[str]:
        """The argv of a tmux command for this server."""
        return ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments]

    def new(self, argv: Sequence[str], name: str = "bench") -> None:
        """Start a detached session; tmux executes the program without a shell in between."""
        self.run("new-session", "-d", "-s", name, "-x", str(COLUMNS), "-y", str(ROWS), *argv)

    def run(self, *arguments: str) -> str:
        """Run a tmux command; return its output."""
        return subprocess.run(self.argv(*arguments), check=True, capture_output=True, text=True).stdout

    def server_pid(self) -> int | None:
        """The server's PID, None if it has ended."""
        done = subprocess.run(self.argv("display-message", "-p", "#{pid}"), check=False, capture_output=True, text=True)
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    def wait_end(self) -> None:
        """Wait until the server has ended; it ends with its last session."""
        if (pid := self.server_pid()) is not None:
            wait_process(pid)

    def kill(self) -> None:
        """End the server and all its sessions."""
        pid = self.server_pid()
        subprocess.run(self.argv("kill-server"), check=False, capture_output=True)
        if pid is not None:
            wait_process(pid)


def wait_process(pid: int, timeout_s: float = 120.0) -> None:
    """Wait for the end of a process, which need not be our child.

    Raises:
        TimeoutError: the process has not ended in time.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([descriptor], [], [], timeout_s)[0]:
            raise TimeoutError(f"process {pid} did not end within {timeout_s:g} s")
    finally:
        os.close(descriptor)


def terminals(columns: int = COLUMNS, rows: int = ROWS) -> dict[str, list[str]]:
    """The argv that starts each terminal with a program, in this size and with as much history as ours."""
    settings = [f"TerminalColumns={columns}", f"TerminalRows={rows}", "HistoryMode=1", "HistorySize=10000"]
    return {
        "konsole": [
            "konsole",
            "--nofork",
            "--hide-menubar",
            "--hide-tabbar",
            *(word for setting in settings for word in ("-p", setting)),
            "-e",
        ],
        "alacritty": [
            "alacritty",
            "-o",
            f"window.dimensions.columns={columns}",
            "-o",
            f"window.dimensions.lines={rows}",
            "-o",
            "scrolling.history=10000",
            "-e",
        ],
        "kitty": [
            "kitty",
            "--config",
            "NONE",
            "-o",
            f"initial_window_width={columns}c",
            "-o",
            f"initial_window_height={rows}c",
            "-o",
            "remember_window_size=no",
            "-o",
            "scrollback_lines=10000",
        ],
        "xterm": ["xterm", "-geometry", f"{columns}x{rows}", "-sl", "10000", "-e"],
    }


TERMINALS = terminals()
"""The terminals' argv with the default size."""


@contextmanager
def in_terminal(
    name: str, argv: Sequence[str], environment: dict[str, str], columns: int = COLUMNS, rows: int = ROWS
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a terminal's window."""
    process = subprocess.Popen(
        [*terminals(columns, rows)[name], *argv],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
