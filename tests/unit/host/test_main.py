"""Unusual events in a host's life."""

from __future__ import annotations

import fcntl
import gc
import os
import socket

import pytest

from session_host.host.main import (
    MAX_FAILED_ENDS,
    HostParameters,
    _Host,
    run_host,
    try_lock_session,
    unlock_session,
)
from session_host.keeper_client.channel import MessageChannel
from session_host.paths import database, session_unsaved_end
from session_host.protocol.codec import Decoder
from session_host.protocol.facts import Outcome
from session_host.protocol.keeper import ExitSaved, ToKeeper
from session_host.protocol.values import State
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.splice import Splicer
from session_host.storage.store import Store
from session_host.storage.store.copies import noted_end
from tests.support.session_harness import session_harness
from tests.support.waiting import wait_for_end


async def test_a_removed_chat_stays_removed_if_its_host_is_killed_while_it_exits() -> None:
    """The end is saved, the user removes the chat, and only then the host dies: no host may save the chat again."""
    with session_harness() as harness:
        harness.host()
        harness.input_log.header.exit_saved = True
        harness.kill()
        parameters = HostParameters(harness.spec, harness.descriptors, -1, 1024, other_engine=False, rehearsal=False)
        ours, theirs = socket.socketpair()
        with ours:
            assert await _Host(parameters, theirs).run() == 0
            assert MessageChannel(ours, Decoder(ToKeeper)).receive() == [ExitSaved()]
    with Store.open(database()) as store:
        assert store.all() == []


@pytest.mark.parametrize(("status", "end"), [(42 << 8, (42, None)), (15, (None, 15)), (None, (None, None))])
async def test_an_end_that_two_hosts_could_not_record_is_noted_with_its_exit_code(
    status: int | None, end: tuple[int | None, int | None]
) -> None:
    """Whatever they died of: this host restores nothing, so it cannot die of that."""
    with session_harness() as harness:
        harness.host()
        header = harness.input_log.header
        header.request_end("stop")
        header.note_exit()
        if status is not None:
            header.exit_status = status
        exited_at = header.exited_at
        for _ in range(MAX_FAILED_ENDS):
            header.count_failed_end()
        harness.kill()
        os.pwrite(harness.descriptors.checkpoint, b"no checkpoint", 0)
        path = session_unsaved_end(harness.spec.facts.id)
        parameters = HostParameters(harness.spec, harness.descriptors, -1, 1024, other_engine=False, rehearsal=False)
        ours, theirs = socket.socketpair()
        with ours:
            assert await _Host(parameters, theirs).run() == 0
            assert MessageChannel(ours, Decoder(ToKeeper)).receive() == [ExitSaved()]
        noted = noted_end(path)
        header = LogHeader(harness.descriptors.input_log)
        assert header.exit_saved
        header.close()
    assert noted == Outcome(State.EXITED, *end, "stop", ended_at=exited_at)


def test_garbage_collection_is_off_until_the_session_runs() -> None:
    """A collection would write to the memory pages that a host shares with the keeper, and copy them by that."""
    with session_harness(
        argv=["true"], database=str(database()), screen=str(database().with_name("screen"))
    ) as harness:
        InputLog(harness.descriptors.input_log, harness.descriptors.master, Splicer()).close()
        parameters = HostParameters(
            harness.spec, harness.descriptors, harness.slave, 1024, other_engine=False, rehearsal=False
        )
        ours, theirs = socket.socketpair()
        if not (pid := os.fork()):
            status = 2
            try:
                gc.disable()  # as the keeper does
                status = int(run_host(parameters, theirs) != 0 or not gc.isenabled())
            finally:
                os._exit(status)
        theirs.close()
        wait_for_end(pid, 10)
        ours.close()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def another_process_gets_lock(input_log: int) -> bool:
    """Return whether a forked process can take the lock as a record lock, without /proc."""
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
        assert not another_process_gets_lock(input_log)
        unlock_session(input_log)
        assert another_process_gets_lock(input_log)
