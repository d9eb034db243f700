"""Asks an installed agent for its version and options.

It is asked once for each version of the program: what it said is kept in the state directory, under the program's
path, size and times. Programs are asked without a terminal and without input, in a terminal session of their own, and
what they start is ended with them. One that does not answer in time, or that answers what is no help text, is simply
not known: it is started as the catalog says.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import msgspec

from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.protocol.untrusted_text import one_line
from session_host.system.processes.process_tree import MARK, chat_processes, end

PATIENCE_S = 1.5
"""A start waits no longer than this, and only for a program that was not asked before."""

LONG_PATIENCE_S = 15.0
"""For those who came to hear it."""

MOST_BYTES = 256 * 1024
MOST_KEPT = 64
MOST_TRIES = 3
"""A program that never answers in time does not delay each start."""

FEWEST_OPTIONS = 5
"""What names fewer is no help text, but what a program says to any word."""

_QUIET_S = 0.1
_saving = threading.Lock()
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+][\w.-]*\w)?")
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_VALUED = re.compile(
    r"(--?[A-Za-z][\w-]*)(?:,\s*(--?[A-Za-z][\w-]*))?"
    r"(?:[ =](?P<one>[<\[][^>\]]*[>\]](?:\.\.\.)?)|.*\[(?P<kind>string|number|array)\])"
)
"""A line that begins with an option and its value: as commander, clap and yargs print it."""


class Probe(msgspec.Struct, frozen=True):
    """What a program said.

    Attributes:
        version: as it stands in its answer, ``2.1.329``; "" if it is not known.
        options: all that its help names; None if it is not known.
        valued: those of them that take a value, or may.
        variadic: those of these that take any number.
    """

    version: str = ""
    options: frozenset[str] | None = None
    valued: frozenset[str] = frozenset()
    variadic: frozenset[str] = frozenset()


class _Kept(msgspec.Struct):
    """An entry of the file."""

    size: int
    times: list[int]
    probe: Probe
    tries: int = 1


def probed(agent: Agent, path: str, environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> Probe:
    """What is known of an agent's program; asks it if it was not asked before. Blocks.

    Args:
        agent: the agent to probe.
        path: of the program.
        environment: what it is asked in.
        patience_s: how long at most; nothing is asked if this is 0.
    """
    resolved = os.path.realpath(path)
    try:
        found = os.stat(resolved)  # noqa: PTH116 - as the line above
    except OSError:
        return Probe()
    # Packages of npm have files of one fixed time of modification; the time of change tells a new one.
    size, times = found.st_size, [found.st_mtime_ns, found.st_ctime_ns]
    kept = _load().get(resolved)
    if kept is not None and (kept.size, kept.times) != (size, times):
        kept = None
    if kept is not None and _is_enough(kept, patience_s):
        return kept.probe
    if patience_s <= 0:
        return Probe()
    probe = ask(resolved, agent.version, environment, patience_s)
    _keep(resolved, _Kept(size, times, probe, kept.tries + 1 if kept is not None else 1))
    return probe


def versions(agents: Mapping[str, Agent], environment: Mapping[str, str]) -> dict[str, str]:
    """The versions of several agents' programs, asked side by side; "" for those that do not tell. Blocks.

    Args:
        agents: by the paths of their programs.
        environment: what they are asked in.
    """
    with ThreadPoolExecutor(max_workers=4) as threads:
        answers = {
            path: threads.submit(probed, agent, path, environment, LONG_PATIENCE_S) for path, agent in agents.items()
        }
        return {path: answer.result().version for path, answer in answers.items()}


def supported(agent: Agent, probe: Probe) -> frozenset[str] | None:
    """What to tell ``Agent.argv`` of a version's options; None if they are not known.

    Only options that the catalog names as ``probed`` can be missing: help texts do not name all that there are.
    """
    if probe.options is None:
        return None
    groups = [part[0] for part in (*agent.start, *agent.conversation.resume) if not isinstance(part, str)]
    return frozenset(word.partition("=")[0] for word in groups) - (frozenset(agent.probed) - probe.options)


def ask(path: str, version: Sequence[str], environment: Mapping[str, str], patience_s: float) -> Probe:
    """Ask a program for its version and its options, both at once. Blocks, for so long at most.

    Args:
        path: the program.
        version: the arguments at which it tells its version; () if it cannot.
        environment: what it is asked in.
        patience_s: how long it may take.
    """
    mark = f"probe-{secrets.token_hex(8)}"
    quiet = {**environment, "TERM": "dumb", "NO_COLOR": "1", MARK: mark}
    deadline_s = time.monotonic() + patience_s
    asked = [_Question([path, *words], quiet) if words else None for words in (tuple(version), ("--help",))]
    try:
        for question in asked:
            if question is not None:
                question.listen(deadline_s)
    finally:
        for question in asked:
            if question is not None:
                question.close(mark)
    told, helped = asked
    return _understood(_version(told), helped.text if helped is not None and helped.succeeded else "")


class _Question:
    """One run of a program, for what it prints."""

    def __init__(self, argv: list[str], environment: Mapping[str, str]) -> None:
        self._printed = {"output": b"", "errors": b""}
        self._process: subprocess.Popen[bytes] | None = None
        # It may be executable and no program, or be gone meanwhile.
        with contextlib.suppress(OSError, ValueError):
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd="/",  # A project's own settings are not asked for.
                start_new_session=True,
            )

    @property
    def succeeded(self) -> bool:
        """Whether it has ended, and well."""
        return self._process is not None and self._process.returncode == 0

    @property
    def text(self) -> str:
        """All that it printed; what it printed as an error last."""
        return "\n".join(each.decode(errors="replace") for each in self._printed.values())

    def listen(self, deadline_s: float) -> None:
        """Until it has ended and all that it printed is read, or the time is over."""
        process = self._process
        if process is None:
            return
        assert process.stdout is not None
        assert process.stderr is not None
        pipes: dict[IO[bytes], str] = {process.stdout: "output", process.stderr: "errors"}
        while pipes and (left_s := deadline_s - time.monotonic()) > 0:
            # A daemon that it left may hold the pipes for ever.
            wait_s = left_s if process.poll() is None else min(left_s, _QUIET_S)
            ready, _, _ = select.select(list(pipes), [], [], min(wait_s, _QUIET_S))
            if not ready and process.returncode is not None:
                return
            for pipe in ready:
                data = os.read(pipe.fileno(), 65536)
                kept = self._printed[pipes[pipe]]
                if len(kept) + len(data) > MOST_BYTES:
                    return
                self._printed[pipes[pipe]] = kept + data
                if not data:
                    del pipes[pipe]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, min(_QUIET_S, deadline_s - time.monotonic())))

    def close(self, mark: str) -> None:
        """End it, and whatever it has started."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        end(chat_processes(process.pid, mark), signal.SIGKILL)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _version(told: _Question | None) -> str:
    lines = told.text.splitlines() if told is not None and told.succeeded else []
    found = next((match[0] for line in lines if (match := _VERSION.search(line))), "")
    return one_line(found)[:40]


def _understood(version: str, text: str) -> Probe:
    options = frozenset(_OPTION.findall(text))
    if len(options) < FEWEST_OPTIONS:
        return Probe(version)
    valued, variadic = set(), set()
    # Each option begins a line; what stands in the text that explains another does not count.
    for match in (found for line in text.splitlines() if (found := _VALUED.match(line.strip()))):
        names = {name for name in match.groups()[:2] if name}
        valued |= names
        if match["kind"] == "array" or "..." in (match["one"] or ""):
            variadic |= names
    return Probe(version, options, frozenset(valued), frozenset(variadic))


def _is_enough(kept: _Kept, patience_s: float) -> bool:
    """Whether what is kept is all that will be known."""
    if kept.probe.version and kept.probe.options is not None:
        return True
    return kept.tries >= MOST_TRIES and patience_s < LONG_PATIENCE_S


def _file() -> Path:
    return state_dir() / "agents.json"


def _load() -> dict[str, _Kept]:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=dict[str, _Kept])
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}  # It can be had again.


def _keep(path: str, entry: _Kept) -> None:
    with _saving:
        entries = _load()
        entries.pop(path, None)
        _save(dict([*entries.items(), (path, entry)][-MOST_KEPT:]))


def _save(entries: dict[str, _Kept]) -> None:
    unfinished = _file().with_name(f"agents.{os.getpid()}.new")
    # What cannot be kept is asked for again.
    with contextlib.suppress(OSError, OutliveError):
        ensure_private(state_dir())
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(msgspec.to_builtins(entries), file, indent=1)
        unfinished.replace(_file())
