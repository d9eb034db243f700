"""Asks an installed agent for its version and options.

The program is asked by the path that PATH gives, as it is started: a version manager's program (mise, volta) decides by
that name what it runs, and under its own name it speaks of itself. A tested agent's answer counts only if it names the
agent.

Each version of a program is asked once: its answer is kept in the state directory, under both paths (PATH's, and the
file's that it leads to), size and times. What a shell script or such a version manager runs may differ by directory,
and changes without notice: it is asked in the chat's directory, and its answer is kept for that directory, for
``KEPT_S``.

A program is asked without a terminal and input, in a new terminal session; afterwards it is killed with the processes
that it started. If it does not answer in time, or prints no help text, its options are unknown, and it is started as
the catalog says.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import msgspec

from session_host.agents.agent import Agent, Probe
from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.protocol.untrusted_text import one_line
from session_host.readiness import readable
from session_host.system.processes.chat_mark import VARIABLE, Mark
from session_host.system.processes.process_tree import chat_processes, end

TIMEOUT_S = 1.5
"""The longest delay of a start, and only for a program that was not asked before."""

LONG_TIMEOUT_S = 15.0
"""The timeout for a caller that wants the answer itself."""

MAX_BYTES = 256 * 1024
MAX_KEPT = 64
KEPT_S = 3600.0
"""How long the answer of a program that starts another one is kept."""

MAX_TRIES = 3
"""How often a program is asked: one that never answers in time must not delay each start."""

FEWEST_OPTIONS = 5
"""How many options a help text names at least; a shorter answer is a reply to any word."""

_QUIET_S = 0.1
_saving = threading.Lock()
_asking: defaultdict[_Program, threading.Lock] = defaultdict(threading.Lock)
_RUN_THERE = 'cd -- "$0" 2>/dev/null || cd /; exec "$@"'
_NATIVE = re.compile(rb"\x7fELF")
_SHELL_SCRIPT = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-S\s+)?)?(?:\S*/)?(?:ba|da|k|z|fi|c|tc)?sh\b")
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+][\w.-]*\w)?")
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_COMMAND = re.compile(r"(?m)^[ \t]+(?:[a-z][\w-]*[ \t])?([a-z][\w-]*)(?=[\s,]|$)")
"""A line that begins with a command, or with the program's name and one."""

_VALUED = re.compile(
    r"(--?[A-Za-z][\w-]*)(?:,\s*(--?[A-Za-z][\w-]*))?"
    r"(?:[ =](?P<one>[<\[][^>\]]*[>\]](?:\.\.\.)?)|.*\[(?P<kind>string|number|array)\])"
)
"""A line that begins with an option and its value, as commander, clap and yargs print it."""


class _Program(msgspec.Struct, frozen=True):
    """One version of a program.

    Attributes:
        path: the path that PATH gives.
        target: the path of the file that it leads to.
        size: the file's size.
        times: when the file and its status were changed.
    """

    path: str
    target: str
    size: int
    times: tuple[int, int]

    @property
    def may_read_its_name(self) -> bool:
        """Whether it is native code that PATH gives under another name, as version managers are."""
        own_name = os.path.basename(self.target).removesuffix(".exe")  # noqa: PTH119
        return os.path.basename(self.path) != own_name and self._begins_with(_NATIVE)  # noqa: PTH119

    @property
    def is_shell_script(self) -> bool:
        """Whether it is a shell script, which starts another program."""
        return self._begins_with(_SHELL_SCRIPT)

    def _begins_with(self, pattern: re.Pattern[bytes]) -> bool:
        try:
            with open(self.target, "rb") as file:  # noqa: PTH123 - in binary, and only its beginning
                return pattern.match(file.read(128)) is not None
        except OSError:
            return False


class _CachedProbe(msgspec.Struct):
    """An entry of the file of answers.

    Attributes:
        program: the program that was asked.
        probe: its answer.
        directory: where it was asked if it starts another program; "" if the answer is the same everywhere.
        at: when it was asked, in seconds since 1970.
        tries: how often it was asked.
    """

    program: _Program
    probe: Probe
    directory: str
    at: float
    tries: int


def probed(
    agent: Agent, path: str, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S, directory: str = "/"
) -> Probe:
    """The answer of an agent's program; asks the program if it was not asked before. Blocks.

    Args:
        agent: the agent to probe; without ``version`` and ``help`` its program is not started.
        path: the program's path, as PATH gives it.
        environment: the program's environment.
        timeout_s: the timeout; 0 asks nothing.
        directory: the chat's directory.
    """
    program = _program(path)
    if program is None or not (agent.version or agent.help):
        return Probe()
    previous = _cached_probe(program, directory)
    if previous is not None and _is_enough(previous, timeout_s):
        return previous.probe
    if timeout_s <= 0:
        return Probe()
    with _asking[program]:
        cached = _cached_probe(program, directory)
        # If another thread has asked meanwhile, its answer counts, also an insufficient one: a start waits once.
        if cached is not None and cached != previous and (timeout_s <= TIMEOUT_S or _is_enough(cached, timeout_s)):
            return cached.probe
        probe, differs = _ask(agent, program, environment, timeout_s, directory)
        tries = cached.tries + 1 if cached is not None else 1
        _cache_probe(_CachedProbe(program, probe, directory if differs else "", time.time(), tries))
        return probe


def _program(path: str) -> _Program | None:
    target = os.path.realpath(path)
    try:
        found = os.stat(target)  # noqa: PTH116 - as the line above
    except OSError:
        return None
    # npm gives all files of a package one fixed modification time; the change time reveals a new version.
    return _Program(path, target, found.st_size, (found.st_mtime_ns, found.st_ctime_ns))


def versions(agents: Mapping[str, Agent], environment: Mapping[str, str]) -> dict[str, str]:
    """The versions of several agents' programs, as ``probes`` gets them; "" for unknown ones. Blocks."""
    return {path: probe.version for path, probe in probes(agents, environment).items()}


def probes(
    agents: Mapping[str, Agent], environment: Mapping[str, str], *, directory: str = "/", are_kept: bool = True
) -> dict[str, Probe]:
    """The answers of several agents' programs, asked in parallel. Blocks.

    Args:
        agents: the agents, by the paths of their programs.
        environment: the programs' environment.
        directory: the directory of a chat with them.
        are_kept: whether answers are read from the state directory and written to it.
    """

    def answer(path: str, agent: Agent) -> Probe:
        if are_kept:
            return probed(agent, path, environment, LONG_TIMEOUT_S, directory)
        return ask(agent, path, environment, LONG_TIMEOUT_S, directory)

    with ThreadPoolExecutor(max_workers=4) as threads:
        return dict(zip(agents, threads.map(answer, agents.keys(), agents.values()), strict=True))


def ask(agent: Agent, path: str, environment: Mapping[str, str], timeout_s: float, directory: str = "/") -> Probe:
    """Ask a program for its version and its options, both at once, as the agent's file says. Blocks up to the timeout.

    Args:
        agent: the agent that it should be.
        path: the program, as PATH gives it.
        environment: the program's environment.
        timeout_s: the timeout.
        directory: the chat's directory; only a program that may start another one runs there.
    """
    program = _program(path)
    return Probe() if program is None else _ask(agent, program, environment, timeout_s, directory)[0]


def _ask(
    agent: Agent, program: _Program, environment: Mapping[str, str], timeout_s: float, directory: str
) -> tuple[Probe, bool]:
    """The answer as ``ask`` gets it, and whether it may differ by directory and time."""
    mark = f"probe-{secrets.token_hex(8)}"
    quiet = {**environment, "TERM": "dumb", "NO_COLOR": "1", VARIABLE: mark}
    deadline_s = time.monotonic() + timeout_s
    is_script, may_read_its_name = program.is_shell_script, program.may_read_its_name
    # Not in a project, so that its settings do not matter.
    where = directory if is_script or may_read_its_name else "/"
    questions = [
        [program.path, *agent.version] if agent.version else [],
        [program.path, *agent.help] if agent.help else [],
        # Under its own name, native code that starts another program answers for itself.
        [program.target, *(agent.version or agent.help)] if may_read_its_name and (agent.version or agent.help) else [],
    ]
    runs = [_ProgramRun(argv, quiet, where) if argv else None for argv in questions]
    try:
        for run in runs:
            if run is not None:
                run.listen(deadline_s)
    finally:
        for run in runs:
            if run is not None:
                run.close(mark)
    version_run, help_run, own_run = runs
    answered = [run.text for run in (version_run, help_run) if run is not None and run.succeeded]
    differs = is_script or (own_run is not None and own_run.text != (version_run or help_run or own_run).text)
    # A tested agent names itself; the user's own agents may be anything.
    if agent.tested and not _names(agent, program.path, "\n".join(answered)):
        return Probe(), differs
    help_text = help_run.text if help_run is not None and help_run.succeeded else ""
    return _parse_help(_version(version_run), help_text), differs


def _names(agent: Agent, path: str, text: str) -> bool:
    """Whether an answer names the agent, so that it is the agent's own."""
    names = {agent.name, agent.title, os.path.basename(agent.executable or path)}  # noqa: PTH119
    return any(re.search(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


class _ProgramRun:
    """One run of a program that collects its output."""

    def __init__(self, argv: list[str], environment: Mapping[str, str], directory: str) -> None:
        self._printed = {"output": b"", "errors": b""}
        self._process: subprocess.Popen[bytes] | None = None
        # The file may be executable and not a program, or be deleted meanwhile.
        with contextlib.suppress(OSError, ValueError):
            self._process = subprocess.Popen(
                # The shell changes the directory: with Popen's ``cwd``, a hanging one would hold the interpreter.
                argv if directory == "/" else ["/bin/sh", "-c", _RUN_THERE, directory, *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd="/",
                start_new_session=True,
            )

    @property
    def succeeded(self) -> bool:
        """Whether the program has exited with 0."""
        return self._process is not None and self._process.returncode == 0

    @property
    def text(self) -> str:
        """The program's whole output, with its standard error last."""
        return "\n".join(each.decode(errors="replace") for each in self._printed.values())

    def listen(self, deadline_s: float) -> None:
        """Read until the program has exited and its output is complete, or the deadline."""
        process = self._process
        if process is None:
            return
        assert process.stdout is not None
        assert process.stderr is not None
        pipes: dict[IO[bytes], str] = {process.stdout: "output", process.stderr: "errors"}
        while pipes and (left_s := deadline_s - time.monotonic()) > 0:
            # A daemon that the program left may keep the pipes open forever.
            wait_s = left_s if process.poll() is None else min(left_s, _QUIET_S)
            numbers = readable([pipe.fileno() for pipe in pipes], min(wait_s, _QUIET_S))
            ready = [pipe for pipe in pipes if pipe.fileno() in numbers]
            if not ready and process.returncode is not None:
                return
            for pipe in ready:
                data = os.read(pipe.fileno(), 65536)
                printed = self._printed[pipes[pipe]]
                if len(printed) + len(data) > MAX_BYTES:
                    return
                self._printed[pipes[pipe]] = printed + data
                if not data:
                    del pipes[pipe]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, min(_QUIET_S, deadline_s - time.monotonic())))

    def close(self, mark: str) -> None:
        """Kill the program and all processes that it started."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        end(chat_processes(process.pid, Mark(VARIABLE, mark)), signal.SIGKILL)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _version(version_run: _ProgramRun | None) -> str:
    lines = version_run.text.splitlines() if version_run is not None and version_run.succeeded else []
    found = next((match[0] for line in lines if (match := _VERSION.search(line))), "")
    return one_line(found)[:40]


def _parse_help(version: str, text: str) -> Probe:
    options = frozenset(_OPTION.findall(text))
    if len(options) < FEWEST_OPTIONS:
        return Probe(version)
    valued, variadic = set(), set()
    # Each option begins a line; options within explanations do not count.
    for match in (found for line in text.splitlines() if (found := _VALUED.match(line.strip()))):
        names = {name for name in match.groups()[:2] if name}
        valued |= names
        if match["kind"] == "array" or "..." in (match["one"] or ""):
            variadic |= names
    return Probe(version, options, frozenset(valued), frozenset(variadic), frozenset(_COMMAND.findall(text)))


def _is_enough(cached: _CachedProbe, timeout_s: float) -> bool:
    """Whether the cached answer is final."""
    if cached.probe.version and cached.probe.options is not None:
        return True
    return cached.tries >= MAX_TRIES and timeout_s < LONG_TIMEOUT_S


def _file() -> Path:
    return state_dir() / "agents.json"


def _load() -> list[_CachedProbe]:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=list[_CachedProbe])
    except (OSError, msgspec.DecodeError, RecursionError):
        return []  # The file's contents can be asked for again.


def _cached_probe(program: _Program, directory: str) -> _CachedProbe | None:
    """The cached answer of this version of a program, in this directory."""
    for entry in reversed(_load()):
        if entry.program == program and entry.directory in {"", directory}:
            return entry if not entry.directory or abs(time.time() - entry.at) < KEPT_S else None
    return None


def _cache_probe(entry: _CachedProbe) -> None:
    with _saving:
        others = [
            other for other in _load() if (other.program.path, other.directory) != (entry.program.path, entry.directory)
        ]
        _save([*others, entry][-MAX_KEPT:])


def _save(entries: list[_CachedProbe]) -> None:
    unfinished = _file().with_name(f"agents.{os.getpid()}.new")
    # An answer that cannot be kept is asked for again.
    with contextlib.suppress(OSError, OutliveError):
        ensure_private(state_dir())
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(msgspec.to_builtins(entries), file, indent=1)
        unfinished.replace(_file())
