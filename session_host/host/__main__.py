"""A host's whole life: detach, read the launch spec, start, serve, record the end, go.

Started by ``client.launch`` with the spec on standard input and a pipe as standard output; both are
let go of once the launch is reported.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import uuid
from functools import partial
from pathlib import Path

import msgspec

from session_host import loops
from session_host.clock import now
from session_host.errors import AgentNotFound, OutliveError, StoreError
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.pty.process import PtyProcess
from session_host.terminal import create
from session_host.terminal.base import DefaultColors, Emulator

from .record import Recorder
from .server import Server
from .session import Session

log = logging.getLogger("session_host.host")

SWITCH_INTERVAL_S = 0.0005


def detach() -> int:
    """Become a process that nobody's end can end: own session, no terminal, no parent, no directory.

    Returns:
        The user's umask, which is the program's; this process has a stricter one.
    """
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    os.chdir("/")
    umask = os.umask(0o077)
    # The end of whoever started us, or of their terminal, is not ours.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return umask


def let_go_of_launcher() -> None:
    """Point standard input and output at nothing; errors go to the log file already."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


def report(launch_report: LaunchReport) -> None:
    """Tell the launcher how it went. That it may have gone by now is no reason to end."""
    try:
        os.write(1, msgspec.msgpack.encode(launch_report))
    except BrokenPipeError:
        log.warning("the launcher is gone")
    let_go_of_launcher()


def make_emulator(spec: LaunchSpec) -> Emulator:
    """The emulator of a spec; its import takes long, so this is called while the program starts already."""
    colors = DefaultColors(*spec.colors) if spec.colors is not None else DefaultColors()
    try:
        return create(spec.engine, spec.size, scrollback_lines=spec.scrollback_lines, colors=colors)
    except (OutliveError, ImportError, OSError) as error:
        # The program runs by now. A lesser terminal is better than none.
        log.warning("engine %s cannot be used (%s); the portable one is", spec.engine, error)
        return create("pyte", spec.size, scrollback_lines=spec.scrollback_lines, colors=colors)


async def spawn(spec: LaunchSpec, umask: int) -> PtyProcess:
    """Start the program off the loop, since an exec may wait for a slow disk."""
    return await asyncio.to_thread(PtyProcess.spawn, spec.argv, spec.cwd, spec.env, spec.size, umask=umask)


async def run(spec: LaunchSpec, umask: int) -> int:
    """Serve one session from its start to its end; returns the exit status of the host."""
    session = Session(spec, lambda: make_emulator(spec), epoch=uuid.uuid4().hex, now=now)
    recorder = Recorder(spec, os.getpid())
    server = Server(session, Path(spec.socket_path))
    recorded = False
    try:
        await recorder.starting()
        recorded = True
        await server.start()
        await session.start(partial(spawn, umask=umask))
    except (OutliveError, OSError) as error:
        kind = (
            "not_found" if isinstance(error, AgentNotFound) else "store" if isinstance(error, StoreError) else "failed"
        )
        text = str(error) if isinstance(error, OutliveError) else f"{spec.socket_path}: {error.strerror}"
        log.warning("not started: %s", type(error).__name__)
        if recorded:
            await recorder.refused()
        await server.close()
        report(LaunchReport(ok=False, error=text, error_kind=kind))
        return 1
    assert session.process is not None
    await recorder.running(session.process)
    report(LaunchReport(ok=True, host_pid=os.getpid(), child_pid=session.process.pid))
    # What was made so far lives as long as the session: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    # The machine is being shut down, or somebody means it: the agent is ended politely, and that is recorded.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, session.signal, signal.SIGTERM)
    await session.ended.wait()
    await recorder.ended(session, now())
    log.info("recorded")
    await server.close()
    session.close()
    log.info("done")
    return 0


def main() -> int:
    """Run a host; the launcher's pipe is standard input and output."""
    umask = detach()
    # While the emulator's thread runs Python, the loop waits so long for its turn.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s", stream=sys.stderr)
    try:
        spec = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=LaunchSpec)
    except msgspec.DecodeError as error:
        report(LaunchReport(ok=False, error=f"the launch spec cannot be read: {error}", error_kind="failed"))
        return 1
    try:
        return loops.run(run(spec, umask))
    except Exception:
        log.exception("the host failed")
        raise
    finally:
        logging.shutdown()


if __name__ == "__main__":
    sys.exit(main())
