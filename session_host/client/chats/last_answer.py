"""The last answer of a running chat: from a chat view's transcript, or from the agent's own record."""

from __future__ import annotations

import asyncio

from session_host.client.sessions.listing import session_named
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.standing.traits import traits_of
from session_host.structured.turns import answer_at

from .agent_record import recorded_conversation


async def last_answer(session_id: str, most: int) -> str:
    """The beginning of the last answer, Markdown of at most ``most`` characters; "" for none.

    Raises:
        NotAllowed, HostUnavailable: as ``watch_transcript``.
        NoRecord, NoAnswer, StoreError, NoSuchSession, ConfigError: as ``recorded_conversation``.
    """
    info = await asyncio.to_thread(session_named, session_id)
    if traits_of(info.facts).has_transcript:
        transcript = await watch_transcript(info.id, lambda _: True)
        return answer_at(transcript, transcript.queue_start - 1)[:most] if transcript is not None else ""
    recorded = await asyncio.to_thread(recorded_conversation, info.id, 1)
    return recorded[-1].answer[:most] if recorded else ""
