"""An ended chat's last screen or transcript."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from session_host.structured.transcript import Transcript
    from session_host.terminal.base import Emulator

    from .chat import Chat


async def read_last_screen(chat: Chat) -> Emulator | None:
    """Restore a chat's last screen for the user, with the window's engine; None if nothing was kept.

    Raises:
        OutliveError: it cannot be read.
    """
    from session_host.client.chats.last_view import restored_last_screen  # the window's start does not need it

    return await restored_last_screen(chat.machine, chat.session_id)


async def read_last_transcript(chat: Chat) -> Transcript | None:
    """Restore a structured chat's transcript for the user; None if nothing was kept.

    Raises:
        OutliveError: it cannot be read.
    """
    from session_host.client.chats.last_view import last_transcript_for
    from session_host.structured.transcript import BUILD

    saved = await chat.machine.call(last_transcript_for, chat.session_id, BUILD)
    return await asyncio.to_thread(saved.restore_transcript) if saved is not None else None
