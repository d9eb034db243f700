"""The setup of a structured chat: the run as JSON lines, and the user's answers to it."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import signal
import subprocess
from typing import Any, Final

from session_host.ending_signals import EndingSignals, Signalled
from session_host.worktree_setup.command import Options, begin, end, exec_agent, kill_self, start

KEY: Final = "worktree_setup"
MAX_OUTPUT_CHARACTERS: Final = 256 * 1024
CUT: Final = "\n… the rest of the output is not kept\n"
_READ_BYTES: Final = 16 * 1024
_MAX_LINE_BYTES: Final = 64 * 1024


def run(options: Options) -> int:
    """Set the worktree up and become the agent; returns the exit code if the chat ends instead."""
    signals = begin()
    try:
        while True:
            _run_once(options, signals)
            answer = _answer(signals)
            while answer not in {"again", "start", ""}:
                answer = _answer(signals)  # A "cancel" that came too late.
            if not answer:
                return 1
            if answer == "start":
                break
    except Signalled as ended:
        return kill_self(ended.number)
    return exec_agent(options)


def _run_once(options: Options, signals: EndingSignals) -> None:
    _write_event("started")
    child = None
    try:
        with signals.held():
            child = start(options, output=subprocess.PIPE, in_front=False)
        _pass_on(child, signals)
        code = signals.wait_for(child)
    except Signalled as ended:
        if child is not None:
            end(child, ended.number)
        raise
    except OSError as error:
        if child is not None:
            raise
        _write_event("output", text=f"{error.filename or ''}: {error.strerror}\n")
        _write_event("ended", code=127, signal=0)
        return
    _write_event("ended", code=max(code, 0), signal=max(-code, 0))


def _pass_on(child: subprocess.Popen[bytes], signals: EndingSignals) -> None:
    """Pass the output on until the command has ended; what it left in the background may hold the output open."""
    assert child.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    room = MAX_OUTPUT_CHARACTERS
    source = child.stdout.fileno()
    watched = [source, 0]
    with contextlib.suppress(AttributeError, OSError):  # Without pidfds, the end of the output is awaited.
        watched.append(os.pidfd_open(child.pid))
    ended = watched[2:]
    while True:
        readable = signals.wait(watched)
        if source not in readable and ended and ended[0] in readable:
            os.close(ended[0])
            return
        if 0 in readable:
            answer = _answer(signals)
            if not answer:
                watched.remove(0)
            if answer in {"", "cancel"}:
                end(child, signal.SIGINT)
        if source not in readable:
            continue
        data = os.read(source, _READ_BYTES)
        text = decoder.decode(data, final=not data)
        if text and room >= 0:
            _write_event("output", text=text if len(text) <= room else text[:room] + CUT)
            room -= len(text)
        if not data:
            for descriptor in ended:
                os.close(descriptor)
            return


def _answer(signals: EndingSignals) -> str:
    """The next answer; "" if there is none any more. Reads byte by byte: what follows "start" is the agent's."""
    line = b""
    while not line.endswith(b"\n"):
        if not signals.wait([0]):
            continue
        byte = os.read(0, 1)
        if not byte or len(line) > _MAX_LINE_BYTES:
            return ""
        line += byte
    try:
        value = json.loads(line)
    except ValueError:
        return "unknown"
    return str(value.get(KEY, "unknown")) if isinstance(value, dict) else "unknown"


def _write_event(what: str, **values: Any) -> None:
    line = json.dumps({KEY: what, **values}).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]
