"""Finds the PATH of the user's login shell, for a window started from an icon.

A desktop starts programs with its own PATH, while nvm, mise, brew and others extend PATH in the shell's startup files:
agents that every terminal finds would be missing. So Outlive starts the shell once as a terminal does (login and
interactive), and takes only its PATH and the user's editors: the other variables are for the shell itself.

The startup files belong to the user and may do anything: print, read, wait, start tmux, exec another shell. The shell
has no terminal and no input; Outlive reads only the output between two random marks, and kills the shell's whole
session after ``TIMEOUT_S``. Then it starts the shell without its interactive files, which gives a part of the PATH at
least. A daemon that left the session stays: it may be an ssh agent that other programs use.
``OUTLIVE_RESOLVING_ENVIRONMENT=1`` tells such a file about the caller.

Sources: VS Code's ``resolveShellEnv`` and the npm package ``shell-env`` do the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from session_host.agents.agent import login_shell
from session_host.readiness import readable
from session_host.system.processes import proc

TIMEOUT_S = 5.0
"""How long an interactive shell is waited for."""

LATER_TIMEOUT_S = 2.0
"""How long the shell is waited for, at least, without its interactive files."""

LONG_TIMEOUT_S = 60.0
"""The timeout where nobody waits for the answer."""

POLL_INTERVAL_S = 0.05
_READ_BYTES = 65536
_KEPT_BYTES = 1024 * 1024
"""How much of a shell's output is kept, the newest; a PATH is far shorter."""

EDITORS = ("VISUAL", "EDITOR")
"""The variables that name the user's editors."""

_ASKED_WITH = {
    "OUTLIVE_RESOLVING_ENVIRONMENT": "1",
    # Oh My Zsh asks whether to update itself, and its tmux plugin starts tmux.
    "DISABLE_AUTO_UPDATE": "true",
    "ZSH_TMUX_AUTOSTART": "false",
    "ZSH_TMUX_AUTOSTARTED": "true",
    # Keeps ssh-add from opening a window that asks for a passphrase.
    "SSH_ASKPASS_REQUIRE": "never",
}

_NO_TERMINALS = {"", "dumb", "linux"}
"""Values of TERM in a desktop's own environment."""

_Attempt = tuple[str, list[str]]
"""The zeroth word of an argv, and the others."""


class LoginPath(msgspec.Struct, frozen=True):
    """The result of asking the login shell."""

    path: str
    """Directories joined by colons: the shell's, then the caller's others; or the caller's unchanged PATH."""
    problem: str = ""
    """Why ``path`` is the caller's, or not the interactive shell's, one line; "" if the shell has answered."""
    editors: Mapping[str, str] = {}
    """VISUAL and EDITOR, as far as the shell sets them."""


def is_from_terminal(environment: Mapping[str, str]) -> bool:
    """Whether this process was started in a terminal, so that its environment is the user's own."""
    if environment.get("TERM", "") not in _NO_TERMINALS:
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


async def find_login_path(environment: Mapping[str, str], timeout_s: float = 0.0) -> LoginPath:
    """Like ``login_path``, without blocking the event loop; cancelling it kills the shell."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(login_path, environment, stop, timeout_s)
    finally:
        stop.set()


def login_path(
    environment: Mapping[str, str], stop: threading.Event | None = None, timeout_s: float = 0.0
) -> LoginPath:
    """Ask the user's login shell for its PATH. Blocks, for the timeout and ``LATER_TIMEOUT_S`` at most.

    Args:
        environment: the caller's environment; its SHELL is asked, else the account's shell.
        stop: when set, the shell is killed and nothing is found.
        timeout_s: how long an interactive shell is waited for; 0 for ``TIMEOUT_S``.
    """
    stop = stop or threading.Event()
    timeout_s = timeout_s or TIMEOUT_S
    own = environment.get("PATH") or os.defpath
    shell = login_shell(environment)
    deadline_s = time.monotonic() + timeout_s
    mark = f"outlive-{secrets.token_hex(16)}"
    why, is_late = "no output", False
    for attempt in _attempts(shell, mark):
        try:
            output = _output(shell, attempt, environment, mark, deadline_s, stop)
        except TimeoutError:
            is_late = True
            why = f"no answer within {timeout_s:g} s: check the shell's startup files"
            output = b""
        except OSError as error:
            why = str(error.strerror)
            break
        if stop.is_set():
            break
        if found := _values_in(output, mark):
            part = f"cannot read the whole PATH of {shell} ({why}); agents may be missing" if is_late else ""
            path, *editors = found
            named = {name: value for name, value in zip(EDITORS, editors, strict=True) if value}
            return LoginPath(_merged(path, own), part, named)
        deadline_s = max(deadline_s, time.monotonic() + LATER_TIMEOUT_S)
    return LoginPath(own, f"cannot read the PATH of {shell} ({why}); using the current PATH to find agents")


def _attempts(shell: str, mark: str) -> Iterator[_Attempt]:
    """The argvs to try: as terminals start the shell; then without its interactive files, which may exec a program."""
    name = Path(shell).name
    # Single quotes are the same in every shell; other shells do not parse the quoted script for /bin/sh.
    values = "".join(f"{mark}<${name}>" for name in ("PATH", *EDITORS))
    question = f"""/bin/sh -c 'printf "%s" "{values}{mark}"'"""
    if name in {"tcsh", "csh"}:
        # csh and tcsh accept no -l beside other options; a dash before the name makes a login shell, see tcsh(1).
        yield f"-{name}", ["-i", "-c", question]
        yield name, ["-c", question]
        return
    if name == "nu":
        question = f"^{question}"
    yield name, ["-l", "-i", "-c", question]
    yield name, ["-l", "-c", question]


def _output(
    shell: str,
    attempt: _Attempt,
    environment: Mapping[str, str],
    mark: str,
    deadline_s: float,
    stop: threading.Event,
) -> bytes:
    """The shell's output until it has answered, exited or closed its output.

    Raises:
        TimeoutError: the time is up, or ``stop`` was set.
        OSError: the shell cannot be started.
    """
    name, words = attempt
    asked_with = {**environment, **_ASKED_WITH}
    if asked_with.get("TERM", "") in {"", "dumb"}:
        # Many startup files return early on a dumb terminal, before they set PATH.
        asked_with["TERM"] = "xterm-256color"
    home = environment.get("HOME", "/")
    with subprocess.Popen(
        [name, *words],
        executable=shell,
        cwd=home if Path(home).is_dir() else "/",
        env=asked_with,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return _read(process, mark.encode(), deadline_s, stop)
        finally:
            _end(process)


def _read(process: subprocess.Popen[bytes], mark: bytes, deadline_s: float, stop: threading.Event) -> bytes:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    output = b""
    while True:
        # Background processes may keep the output open forever, so the shell's own exit also ends the loop.
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        if readable([descriptor], 0 if ended else POLL_INTERVAL_S):
            try:
                piece = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                continue
            output = (output + piece)[-_KEPT_BYTES:]
            if not piece or output.count(mark) >= 2 + len(EDITORS):
                return output
        elif ended:
            return output
        if stop.is_set() or time.monotonic() > deadline_s:
            raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill all processes of the shell's session. The shell is reaped later, so that its PID is not reused."""
    for _ in range(10):  # The next pass finds processes that were forked during this one.
        others = [pid for pid in proc.session_members(process.pid) if pid != process.pid]
        for pid in (process.pid, *others):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not others:
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _values_in(output: bytes, mark: str) -> list[str]:
    """The values of PATH, VISUAL and EDITOR; [] without a PATH."""
    pattern = (rb"%b<(.*)>" % mark.encode()) * (1 + len(EDITORS)) + mark.encode()
    match = re.search(pattern, output, re.DOTALL)
    try:
        return [value.decode() for value in match.groups()] if match and match[1] else []
    except UnicodeDecodeError:
        return []


def _merged(found: str, own: str) -> str:
    """The shell's directories in order, then the caller's others.

    The shell's come first, as in a terminal: an agent installed by nvm needs nvm's node, not the system's. Relative
    directories are left out, since they would depend on each chat's directory.
    """
    entries = [entry for entry in (*found.split(":"), *own.split(":")) if entry.startswith("/")]
    return ":".join(dict.fromkeys(entries))
