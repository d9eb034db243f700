"""The store writer works while the host's other threads run."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.agents.catalog import load_catalog
from session_host.errors import StoreError, StoreRefused, UnsafeDirectory
from session_host.host import store_writer
from session_host.host.store_writer import StoreWriter
from session_host.protocol import turns
from session_host.protocol.events import Event, NumberedEvent, StatusChanged, TurnCounted
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.turns import TurnWork
from session_host.protocol.values import Activity, State
from session_host.storage.store import Store, usage
from session_host.storage.store.ledger import Ledger
from session_host.storage.store.saved_screen import SavedScreen
from session_host.terminal.base import Emulator
from tests.support.session_harness import session_harness, spec_of
from tests.support.waiting import eventually

TIMEOUT_S = 60.0


@pytest.fixture
def recorder(tmp_path: Path) -> StoreWriter:
    spec = spec_of(database=str(tmp_path / "outlive.db"))
    with Store.open(tmp_path / "outlive.db") as store:
        store.insert(spec.facts)
    recorder = StoreWriter(spec, os.getpid(), lambda: None)
    recorder.set_program(4711, 17)
    return recorder


async def test_a_failed_write_is_logged_and_the_host_goes_on(
    recorder: StoreWriter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(store: Store, session_id: str, *left: object, **fields: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "update", refuse)

    await recorder.save_host()

    assert "not recorded: the disk is full" in caplog.text


@pytest.mark.parametrize("harm", ["removed", "damaged", "damaged behind its first page"])
async def test_a_lost_store_gets_the_record_again_with_what_the_user_set(
    recorder: StoreWriter, tmp_path: Path, harm: str
) -> None:
    database = tmp_path / "outlive.db"
    with Store.open(database) as store:
        [record] = store.all()
        (tmp_path / "sessions" / record.id).mkdir(parents=True)
        store.rename(record.id, "renamed")
        store.update(record.id, pinned=True)
    if harm == "removed":
        database.unlink()
    else:
        kept = database.read_bytes()[:4096] if harm != "damaged" else b""
        database.write_bytes(kept + b"garbage" * 10_000)

    assert await recorder.save_host()

    with Store.open(database) as store:
        [record] = store.all()
    assert (record.entry.name, record.entry.pinned, record.program.child_pid) == ("renamed", True, 4711)


async def test_a_chat_removed_while_its_last_screen_is_made_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, database = tmp_path / "session", str(tmp_path / "outlive.db")
    make = SavedScreen.of

    def make_and_remove(emulator: Emulator, *, portable: bool, offset: int) -> SavedScreen:
        if portable:  # The end is saved already, so the user may remove the chat.
            shutil.rmtree(directory)
        return make(emulator, portable=portable, offset=offset)

    monkeypatch.setattr(SavedScreen, "of", make_and_remove)
    monkeypatch.setattr(store_writer, "RETRY_S", (0.0,))
    with session_harness(database=database, screen=str(directory / "screen.bin")) as harness:
        with Store.open(tmp_path / "outlive.db") as store:
            store.insert(harness.spec.facts)
        writer = StoreWriter(harness.spec, os.getpid(), lambda: None)

        await writer.save_end(harness.host(), interrupted=False)

    assert not directory.exists()


async def test_a_title_is_saved_once_while_a_sign_turns_before_it(
    recorder: StoreWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "TITLE_AFTER_S", 0.0)
    monkeypatch.setattr(store_writer, "TITLE_INTERVAL_S", 0.0)
    saved: list[object] = []
    update = Store.update

    def note(store: Store, session_id: str, *left: object, **fields: object) -> None:
        saved.append(fields["title"])
        update(store, session_id, **fields)

    monkeypatch.setattr(Store, "update", note)
    with session_harness() as harness:
        driver = harness.host()
        saving = asyncio.create_task(recorder.save_titles(driver))
        for title in ("Fix the login", "Fix the logout"):
            for sign in ("⠂", "⠐", "✳", "⠂", "⠐"):
                driver.session.set_title(f"{sign} {title}")
                driver.performer.perform()
                await eventually(lambda: not driver.title_changed.is_set(), TIMEOUT_S, "the title to be seen")
            expected = f"⠂ {title}"
            await eventually(lambda: expected in saved, TIMEOUT_S, "the title to be saved")  # noqa: B023
        saving.cancel()
        await asyncio.wait((saving,))
    assert saved == ["⠂ Fix the login", "⠂ Fix the logout"]
    with Store.open(tmp_path / "outlive.db") as store:
        [record] = store.all()
    assert record.program.title == "⠂ Fix the logout"


@pytest.mark.parametrize(
    ("agent", "titles"),
    [
        ("claude", ("✳ Claude Code", "⠂ Claude Code", "⠂ Fix the export", "✳ Fix the export", "✳ Claude Code", "")),
        ("claude", ("Claude Code", "Fix the export", "Claude Code", "")),
        ("opencode", ("OpenCode", "OC | Fix the export", "OpenCode", "")),
        ("copilot", ("GitHub Copilot", "Fix the export - GitHub Copilot", "")),
    ],
)
def test_a_chat_is_called_what_its_conversation_is_about_and_not_what_its_agent_does(
    tmp_path: Path, agent: str, titles: tuple[str, ...]
) -> None:
    watch = load_catalog(tmp_path)[agent].signals
    spec = spec_of(name="proj", default_name="proj", topic="the first prompt", watch=watch)
    writer = StoreWriter(spec, os.getpid(), lambda: None)
    names = []
    for title in titles:
        writer.set_title(title)
        names.append(replace(spec.facts.entry, topic=writer.topic).shown_name)
    assert list(dict.fromkeys(names)) == ["the first prompt", "Fix the export"]


@pytest.mark.parametrize("agent", ["codex", "gemini", "qwen"])
def test_a_title_that_is_a_state_never_becomes_a_name(tmp_path: Path, agent: str) -> None:
    writer = StoreWriter(spec_of(name="proj", watch=load_catalog(tmp_path)[agent].signals), os.getpid(), lambda: None)
    for title in ("proj", "⠋ proj", "[ ! ] Action Required | proj", "✦  Working… (proj)", "◐ proj", "Qwen - proj"):
        writer.set_title(title)
    assert writer.topic == ""


async def test_a_title_that_came_while_the_disk_was_full_is_saved_later(
    recorder: StoreWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a restart of the computer would lose it: only an end writes the title again."""
    monkeypatch.setattr(store_writer, "TITLE_AFTER_S", 0.0)
    monkeypatch.setattr(store_writer, "TITLE_INTERVAL_S", 0.0)
    update, tries = Store.update, 0

    def refuse_twice(store: Store, session_id: str, *left: object, **fields: object) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise StoreError("the disk is full")
        update(store, session_id, **fields)

    def saved() -> str:
        with Store.open(tmp_path / "outlive.db") as store:
            return store.all()[0].program.title

    monkeypatch.setattr(Store, "update", refuse_twice)
    with session_harness() as harness:
        driver = harness.host()
        saving = asyncio.create_task(recorder.save_titles(driver))
        driver.session.set_title("Fix the login")
        driver.performer.perform()
        await eventually(lambda: saved() == "Fix the login", TIMEOUT_S, "the title to be saved")
        assert tries == 3
        saving.cancel()
        await asyncio.wait((saving,))


async def test_each_event_is_written_once_the_disk_takes_it(
    recorder: StoreWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "RETRY_S", (0.0,))
    refused: list[int] = []
    add = Ledger.add

    def refuse(ledger: Ledger, session_id: str, events: Sequence[NumberedEvent]) -> None:
        if len(refused) < 3:
            refused.append(len(events))
            raise StoreError("the disk is full")
        add(ledger, session_id, events)

    monkeypatch.setattr(Ledger, "add", refuse)
    with session_harness(watch=Watch(reports={"working": Activity.WORKING, "idle": Activity.IDLE})) as harness:
        driver = harness.host()
        harness.attach_pty()
        saving = asyncio.create_task(recorder.save_events(driver.events))
        for event in ("working", "idle", "working"):
            driver.watch.on_hook_report(Report("plugin", event, "", ""), os.getpid())
        await eventually(lambda: not driver.events.has_unsaved.is_set(), TIMEOUT_S, "the events to be saved")
        saving.cancel()
        await asyncio.wait((saving,))
        changes = driver.events.changes()
    with Store.open(tmp_path / "outlive.db") as store:
        [record] = store.all()
        assert store.ledger.last_changes(record.id, 9) == changes
    assert [each.activity for each in changes] == [Activity.WORKING, Activity.IDLE, Activity.WORKING]
    assert refused


async def test_a_lost_store_gets_the_events_that_the_ledger_lacked(recorder: StoreWriter, tmp_path: Path) -> None:
    (tmp_path / "outlive.db").unlink()
    event = StatusChanged(before=Activity.IDLE, after=Activity.WORKING)
    numbered = NumberedEvent(1, "2026-01-02T03:04:05.000Z", event)
    await recorder._worker.run(lambda: recorder._write_events([numbered]))
    await recorder._worker.run(recorder._close_store)
    with Store.open(tmp_path / "outlive.db") as store:
        [record] = store.all()
        assert [each.activity for each in store.ledger.last_changes(record.id, 9)] == [Activity.WORKING]


def told(directory: Path) -> list[Event]:
    """The host's own events in the ledger."""
    with Store.open(directory / "outlive.db") as store:
        [record] = store.all()
        kinds: list[type[Event]] = [StatusChanged, TurnCounted]
        return [each.event for each in store.ledger.of_chat(record.id, kinds, 9)]


WORKING = StatusChanged(before=Activity.IDLE, after=Activity.WORKING)
IDLE = StatusChanged(before=Activity.WORKING, after=Activity.IDLE)
REFUSED = TurnCounted(turn=1, outcome="done", work=TurnWork(read=2**63))


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers come to the store as they are: whatever comes through in another way, the store refuses."""
    for module in (turns, usage):
        monkeypatch.setattr(module, "tokens", lambda said: said)
        monkeypatch.setattr(module, "money", lambda said: said)


@pytest.mark.usefixtures("unbounded")
@pytest.mark.parametrize("work", [TurnWork(read=2**63), TurnWork(cost=math.nan, currency="USD")])
async def test_a_number_that_the_store_refuses_loses_itself_and_no_other_event(
    recorder: StoreWriter, tmp_path: Path, caplog: pytest.LogCaptureFixture, work: TurnWork
) -> None:
    with session_harness() as harness:
        events = harness.host().events
        saving = asyncio.create_task(recorder.save_events(events))
        for event in (WORKING, replace(REFUSED, work=work), IDLE):
            events.add(event)
        events.write()
        await eventually(lambda: saving.done() or not events.has_unsaved.is_set(), TIMEOUT_S, "the events to be saved")
        assert not saving.done(), "the next turns are recorded, too"
        saving.cancel()
        await asyncio.wait((saving,))
    await recorder._worker.run(recorder._close_store)
    assert told(tmp_path) == [WORKING, replace(REFUSED, work=None), IDLE]
    assert "event 2 (turn_counted) is recorded without its work" in caplog.text


async def test_an_event_that_the_store_refuses_in_any_form_is_left_out(
    recorder: StoreWriter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = "2026-01-02T03:04:05.000Z"
    bad = [replace(WORKING, detail="\ud800"), replace(WORKING, detail=object())]
    events = [NumberedEvent(number, at, event) for number, event in enumerate([WORKING, *bad, IDLE], 1)]
    await recorder._worker.run(lambda: recorder._write_events(events))
    await recorder._worker.run(recorder._close_store)
    assert told(tmp_path) == [WORKING, IDLE]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "event 2 (status) is not recorded" in caplog.text
    assert "event 3 (status) is not recorded" in caplog.text


@pytest.mark.usefixtures("unbounded")
@pytest.mark.parametrize("failed", [0, 1])
async def test_the_end_is_recorded_although_the_store_refuses_an_event(tmp_path: Path, failed: int) -> None:
    """A host that follows one which died of the end leaves the events out."""
    with session_harness(database=str(tmp_path / "outlive.db"), screen=str(tmp_path / "x" / "screen.bin")) as harness:
        with Store.open(tmp_path / "outlive.db") as store:
            store.insert(harness.spec.facts)
        driver = harness.host()
        driver.session.program_ended(7, None)
        header = driver.input_log.header
        header.note_exit()
        for _ in range(failed):
            header.count_failed_end()
        for event in (REFUSED, IDLE):
            driver.events.add(event)
        driver.events.write()

        assert await StoreWriter(harness.spec, os.getpid(), lambda: None).save_end(driver, interrupted=False)

        assert header.exit_saved
    with Store.open(tmp_path / "outlive.db") as store:
        [record] = store.all()
    assert (record.outcome.state, record.outcome.exit_code) == (State.EXITED, 7)
    assert told(tmp_path) == ([] if failed else [replace(REFUSED, work=None), IDLE])


async def test_a_row_that_the_store_refuses_at_the_end_is_not_tried_for_ever(tmp_path: Path) -> None:
    with session_harness(database=str(tmp_path / "outlive.db"), screen=str(tmp_path / "x" / "screen.bin")) as harness:
        driver = harness.host()
        writer = StoreWriter(harness.spec, os.getpid(), lambda: None)
        writer.set_program(2**64, 17)
        with pytest.raises(StoreRefused):
            await writer.save_end(driver, interrupted=False)
        assert not driver.input_log.header.exit_saved
    await writer._worker.run(writer._close_store)


async def test_a_directory_out_of_reach_costs_no_event_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a full disk: the host waits for it, and does not count as one that failed."""
    monkeypatch.setattr(store_writer, "RETRY_S", (0.0,))
    tries, opened = 0, Store.open

    def open_store(path: Path) -> Store:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise UnsafeDirectory(f"cannot access {path}: Stale file handle")
        return opened(path)

    with session_harness(database=str(tmp_path / "outlive.db"), screen=str(tmp_path / "x" / "screen.bin")) as harness:
        with Store.open(tmp_path / "outlive.db") as store:
            store.insert(harness.spec.facts)
        driver = harness.host()
        driver.session.program_ended(7, None)
        driver.events.add(IDLE)
        driver.events.write()
        monkeypatch.setattr(Store, "open", open_store)
        assert await StoreWriter(harness.spec, os.getpid(), lambda: None).save_end(driver, interrupted=False)
    monkeypatch.setattr(Store, "open", opened)
    assert told(tmp_path) == [IDLE]
    assert "the end is not recorded yet" in caplog.text


async def test_a_write_that_was_cancelled_does_not_record_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is recorded, the user may remove the chat; and events of before would come after it."""
    saved: list[object] = []
    update = Store.update

    def note(store: Store, session_id: str, *left: object, **fields: object) -> None:
        saved.append(fields["state"])
        update(store, session_id, **fields)

    monkeypatch.setattr(Store, "update", note)
    with session_harness(database=str(tmp_path / "outlive.db"), screen=str(tmp_path / "x" / "screen.bin")) as harness:
        with Store.open(tmp_path / "outlive.db") as store:
            store.insert(harness.spec.facts)
        driver = harness.host()
        driver.session.program_ended(7, None)
        writer = StoreWriter(harness.spec, os.getpid(), lambda: None)
        writer.set_program(4711, 17)
        goes_on = threading.Event()
        writer._worker.submit(goes_on.wait)  # A slow disk.
        saving = asyncio.create_task(writer.save_host())
        await asyncio.sleep(0)
        saving.cancel()
        ending = asyncio.create_task(writer.save_end(driver, interrupted=False))
        await asyncio.sleep(0)
        goes_on.set()
        assert await ending
    assert saved == [State.RUNNING, State.EXITED]
