"""The keeper's preparations before it keeps any session."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import threading
from collections.abc import Callable

import pytest

from session_host.host.driver import recover
from session_host.keeper import host_forks
from session_host.paths import runtime_dir
from session_host.protocol.values import GridSize
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.store import Store
from session_host.terminal import available_engines, create
from session_host.terminal.base import DefaultColors
from tests.support.area import Area
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_for_end

COLORS = (0x102030, 0xA0B0C0, 0xFFFFFF, True)
OUTPUT = b"\x1b[c\x1b]11;?\x07" + b"a line\r\n" * 50 + b"\x1b[31mred\x1b[m \xe6\xbc\xa2"


def preload_in_fork() -> None:
    """Preload in a fork, since preloading changes the process."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            host_forks.TRIAL_S = 60  # enough on a busy machine, too
            host_forks.preload()
            if threading.active_count() == 1 and recover._spares:
                status = 0
        finally:
            os._exit(status)
    wait_for_end(pid, 60)
    assert os.waitpid(pid, 0)[1] == 0


def test_preloading_leaves_no_files_and_no_records(area: Area) -> None:
    preload_in_fork()
    assert list(runtime_dir().iterdir()) == []
    with Store.open(area.state / "outlive.db") as store:
        assert store.all() == []


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(*_: object) -> None:
    raise RuntimeError("no session can be hosted here")


@pytest.mark.parametrize(("name", "does"), [("create", crash), ("run_host", fail)])
def test_a_crashing_engine_or_host_does_not_end_the_keeper(
    area: Area, monkeypatch: pytest.MonkeyPatch, name: str, does: Callable[..., None]
) -> None:
    monkeypatch.setattr(host_forks, name, does)
    pid = os.fork()
    if not pid:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            faulthandler.disable()
            host_forks.preload()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(area.runtime.iterdir()) == []


@pytest.mark.parametrize("size", [GridSize(80, 24), GridSize(120, 40), GridSize(30, 5), GridSize(300, 100)])
def test_a_spare_emulator_equals_a_fresh_one(size: GridSize) -> None:
    engine = available_engines()[0]
    spec = spec_of(size=size, engine=engine, scrollback_lines=10_000, colors=COLORS)
    fresh = create(engine, size, scrollback_lines=10_000, colors=DefaultColors(*COLORS, palette=()))
    recover.make_spare()
    spare = recover.make_emulator(spec, engine, LogState())
    assert recover._spares == []
    for each in (fresh, spare):
        each.feed(OUTPUT)
    assert spare.take_replies() == fresh.take_replies()
    assert spare.take_events() == fresh.take_events()
    assert spare.snapshot() == fresh.snapshot()
    for each in (fresh, spare):
        each.close()
