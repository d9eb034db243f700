"""The last screen or transcript of an ended chat, as a process that shows it can read it."""

from __future__ import annotations

import asyncio
import contextlib

from session_host.client.machine import Machine
from session_host.client.sessions.last_screen import last_screen
from session_host.errors import OutliveError
from session_host.paths import session_screen
from session_host.storage.last_transcript import last_transcript
from session_host.storage.store.saved_screen import SavedScreen, load_screen
from session_host.structured.engine import TranscriptEngine
from session_host.terminal import default_engine, engine_build
from session_host.terminal.base import Emulator, EngineName

from .retention import note_viewed


async def restored_last_screen(machine: Machine, session_id: str) -> Emulator | None:
    """The last screen of a machine's ended chat, in this process's engine; None if nothing was kept.

    Raises:
        OutliveError: it cannot be read.
    """
    engine, own_form = default_engine(), machine.terms.own_form
    saved = await machine.call(last_screen_for, session_id, engine, engine_build(engine) if own_form else "")
    return await asyncio.to_thread(saved.restore, engine, own_form=own_form) if saved is not None else None


def last_screen_for(session_id: str, engine: EngineName, build: str) -> SavedScreen | None:
    """The last screen of an ended chat, which the user views; see ``client.sessions.last_screen``. Blocks.

    Args:
        session_id: the chat.
        engine: the engine that restores it in the caller's process.
        build: the engine's build there; "" for a form that every engine reads.
    """
    if (saved := _saved_for(session_id, build)) is not None:
        return saved if saved.engine != "transcript" else None
    emulator = last_screen(session_id, engine)
    if emulator is None:
        return None
    try:
        return SavedScreen.of(emulator, portable=emulator.build != build, offset=0)
    finally:
        emulator.close()


def last_transcript_for(session_id: str, build: str) -> SavedScreen | None:
    """The transcript of an ended structured chat, which the user views; see ``storage.last_transcript``. Blocks.

    Args:
        session_id: the chat.
        build: the build of transcripts in the caller's process.
    """
    if (saved := _saved_for(session_id, build)) is not None:
        return saved
    transcript = last_transcript(session_id)
    return SavedScreen.of(TranscriptEngine(transcript), portable=False, offset=0) if transcript is not None else None


def _saved_for(session_id: str, build: str) -> SavedScreen | None:
    """The screen that the host saved; None if this build of the engine cannot read it."""
    note_viewed(session_id)
    with contextlib.suppress(OutliveError):
        saved = load_screen(session_screen(session_id))
        if saved is not None and saved.is_readable(build):
            return saved
    return None
