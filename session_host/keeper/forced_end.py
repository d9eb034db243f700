"""Kill a session in place of its host, which does not respond."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress

from session_host.protocol.keeper import EndBegun, KeeperMessage, NotReplaced
from session_host.system.processes.identity import start_time
from session_host.system.processes.process_tree import chat_processes, end
from session_host.system.processes.pty_process import PtyProcess

from .kept_session import KeptSession, KeptSessionState

log = logging.getLogger(__name__)


def kill_without_host(session: KeptSession | None) -> KeeperMessage:
    """Kill a session's program and its host; for an agent, also the processes that it started. Returns the answer.

    The next host finds the program ended, ends what is left of it, and records the end.
    """
    if session is None or session.state is not KeptSessionState.RUNNING:
        return NotReplaced("the chat is not running")
    pid = session.header.child
    known = chat_processes(pid, session.id) if session.spec.ends_all else []
    session.header.request_end("kill")
    if session.header.exit_status is None and pid:
        PtyProcess(pid, start_time(pid), session.descriptors.master).signal(signal.SIGKILL)
    end([each for each in known if each.pid != session.host_pid], signal.SIGKILL)
    host_pid = session.host_pid
    log.warning("%s: ended without its host %d, which does not answer", session.id, host_pid)
    if host_pid:
        with suppress(ProcessLookupError):
            os.kill(host_pid, signal.SIGKILL)
    return EndBegun(host_pid)
