"""The input log's lock gives each session exactly one host."""

from __future__ import annotations

import fcntl
import os

from session_host.host.main import try_lock_session, unlock_session
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.splice import Splicer
from tests.support.session_harness import session_harness


def another_process_gets_lock(input_log: int) -> bool:
    """Return whether a forked process can take the lock, as a record lock like that of an earlier version."""
    pid = os.fork()
    if not pid:
        got = os._exit
        try:
            fcntl.lockf(input_log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            got(0)
        got(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def test_closing_the_input_logs_mapping_keeps_the_lock() -> None:
    with session_harness() as harness:
        input_log = harness.descriptors.input_log
        InputLog(input_log, harness.descriptors.master, Splicer()).close()
        assert another_process_gets_lock(input_log)
        assert try_lock_session(input_log)
        assert try_lock_session(input_log), "it is ours already"
        LogHeader(input_log).close()
        os.close(os.dup(input_log))
        assert not another_process_gets_lock(input_log), "a host of an earlier version leaves it alone too"
        unlock_session(input_log)
        assert another_process_gets_lock(input_log)
