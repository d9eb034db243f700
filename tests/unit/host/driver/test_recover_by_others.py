"""Recovery with another engine, without a checkpoint, and in the middle of an output's signals."""

from __future__ import annotations

import os
from typing import Any

import pytest

from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import EngineName
from session_host.terminal.pyte.emulator import PyteEmulator
from tests.support.emulators import VisibleState, visible_state
from tests.support.session_harness import SessionHarness, session_harness

ENGINES: list[EngineName] = ["ghostty", "pyte"]

TEXT = b"\x1b]2;a title\x07one\r\n\x1b[1;31mtwo\x1b[m\r\nthree"


async def _settled(harness: SessionHarness) -> VisibleState:
    return await harness.terminal.worker.run(visible_state)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("portable", [False, True])
async def test_a_checkpoint_of_one_engine_is_read_by_the_other(engine: EngineName, portable: bool) -> None:
    """In both directions: the other engine is tried when one fails, and the next keeper knows of no failure."""
    with session_harness(engine=engine) as harness:
        harness.host()
        harness.write_output(TEXT)
        was = await _settled(harness)
        for other in (True, True, False, False):
            assert await harness.checkpointer._make(portable=portable)
            harness.output_file.free_before(harness.output_file.end)  # Only the checkpoint is left.
            harness.kill()
            driver = harness.host(other_engine=other)
            assert harness.terminal.emulator.build.startswith("pyte" if (engine == "ghostty") is other else "ghostty")
            assert ("failed on this chat's output" in driver.notice) is other
            now = await _settled(harness)
            assert (now.rows, now.cursor, driver.session.title) == (was.rows, was.cursor, "a title")
            harness.write_output(b"")


async def test_the_other_engine_restores_the_screen_of_an_unusable_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    with session_harness(engine="ghostty") as harness:
        harness.host(other_engine=True)  # so that the checkpoint is the portable engine's
        harness.write_output(TEXT)
        was = await _settled(harness)
        assert await harness.checkpointer._make(portable=False)
        harness.output_file.free_before(harness.output_file.end)
        harness.kill()
        monkeypatch.setattr("session_host.terminal.engines._is_installed", lambda engine: engine == "pyte")
        harness.host()
        assert harness.terminal.emulator.build.startswith("pyte")
        assert await _settled(harness) == was


async def test_without_a_readable_checkpoint_all_kept_output_is_interpreted_again() -> None:
    with session_harness() as harness:
        harness.host()
        harness.write_output(TEXT)
        was = await _settled(harness)
        assert await harness.checkpointer._make(portable=False)
        at = harness.input_log.header.checkpoint
        assert at is not None
        os.pwrite(harness.descriptors.checkpoint, b"damaged", at.offset)
        harness.kill()
        driver = harness.host()
        assert await _settled(harness) == was
        assert driver.notice == ""


async def test_a_notice_says_what_cannot_be_restored() -> None:
    with session_harness() as harness:
        harness.host()
        harness.write_output(b"x" * 10_000 + b"\r\nthe end")
        harness.output_file.free_before(9_000)
        harness.kill()
        driver = harness.host()
        assert "could be restored" in driver.notice
        assert "the end" in [
            line.text() for line in await harness.terminal.worker.run(lambda emulator: emulator.rows())
        ]
        assert driver.worker.interpreted_to == driver.output_file.end


async def test_an_engine_that_raises_on_some_output_gets_the_rest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    feed = PyteEmulator.feed

    def fragile(self: PyteEmulator, data: bytes) -> None:
        if b"POISON" in data:
            raise RuntimeError("of the engine's own")
        feed(self, data)

    monkeypatch.setattr(PyteEmulator, "feed", fragile)
    with session_harness() as harness, caplog.at_level("CRITICAL"):
        harness.host()
        harness.write_output(b"POISON")
        harness.kill()
        driver = harness.host()
        harness.write_output(b"good")
        assert driver.worker.interpreted_to == 10
        assert await harness.terminal.worker.run(lambda emulator: emulator.rows()[0].text()) == "good"
        harness.kill()
        assert harness.host().session.state is not None


async def test_a_later_host_knows_all_signals_of_one_output_or_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host may be killed after any log entry; if the first signal is saved, the second must not be lost."""

    class Killed(BaseException):
        pass

    with session_harness() as harness:
        harness.host()
        add = harness.input_log.append
        noted = 0

        def add_and_die(kind: EntryKind, *rest: Any, **named: Any) -> None:
            nonlocal noted
            add(kind, *rest, **named)
            noted += kind is EntryKind.ACTIVITY
            if noted:
                raise Killed

        monkeypatch.setattr(harness.input_log, "append", add_and_die)
        with pytest.raises(Killed):
            harness.write_output(b"\x1b]7501;state=working\x07\x1b]7501;state=blocked;a question\x07")
        harness.kill()
        assert harness.host().watch.tracker.activity == "needs_input"
