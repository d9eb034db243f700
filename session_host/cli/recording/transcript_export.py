"""A structured chat as a file: text, Markdown, a web page, or its items as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import msgspec

from session_host.cli.output import finite
from session_host.cli.recording.html_page import END, page_head
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, NotAllowed, OutliveError, SessionEnded
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES
from session_host.standing.endings import how_ended
from session_host.storage.last_transcript import last_transcript
from session_host.structured.markdown import markdown_of
from session_host.structured.text import LineStyle, TextLine, all_lines
from session_host.structured.transcript import Transcript
from session_host.system import event_loop

_CSS: Final[dict[LineStyle, str]] = {
    "prompt": "font-weight:bold;color:var(--c6)",
    "heading": "font-weight:bold",
    "dim": "opacity:.65",
    "added": "color:var(--c2)",
    "removed": "color:var(--c1)",
    "failed": "color:var(--c1)",
    "asking": "font-weight:bold;color:var(--c3)",
}


MISSING: Final = "[the rest of the chat is missing: the recording is damaged, or the disk was full]"


def content_of(suffix: str, transcript: Transcript, info: SessionInfo, *, is_complete: bool) -> Iterator[str]:
    """The content of a file with this suffix; ``is_complete``: whether the whole chat could be read."""
    return FORMATS[suffix](transcript, info, is_complete)


def transcript_of(info: SessionInfo, on_damage: Callable[[], object]) -> Transcript:
    """The transcript of a chat: from its host, or the saved one, which may be damaged.

    Raises:
        OutliveError: nothing of the chat is kept.
    """
    if info.state in RUNNING_STATES or info.has_host:
        from session_host.client.viewer.transcript_watch import watch_transcript

        try:
            transcript = event_loop.run_command(watch_transcript(info.id, lambda _: True))
        except (NotAllowed, HostUnavailable):
            transcript = None  # Read the recording instead.
        if transcript is not None:
            return transcript
    transcript = last_transcript(info.id, on_damage)
    if transcript is None:
        if info.state in RUNNING_STATES:
            raise OutliveError(f"{info.name} has no recording, and cannot be reached")
        raise SessionEnded(f"{info.name} {how_ended(info.facts).predicate}; nothing of it was saved")
    return transcript


def _text(transcript: Transcript, info: SessionInfo, is_complete: bool) -> Iterator[str]:
    del info
    yield from (f"{line.text}\n" for line in all_lines(transcript, folded=False))
    if not is_complete:
        yield f"\n{MISSING}\n"


def _markdown(transcript: Transcript, info: SessionInfo, is_complete: bool) -> Iterator[str]:
    zone = datetime.now(UTC).astimezone().tzinfo or UTC
    yield from markdown_of(
        transcript, title=info.name, about=f"{info.facts.origin.agent}, {info.facts.origin.cwd}", zone=zone
    )
    if not is_complete:
        yield f"\n*{MISSING}*\n"


def _html(transcript: Transcript, info: SessionInfo, is_complete: bool) -> Iterator[str]:
    began_ms = transcript[0].at_ms if len(transcript) else 0
    yield page_head(info, began_ms / 1000)
    for line in all_lines(transcript, folded=False):
        yield f"{_span(line)}\n"
    if not is_complete:
        yield f'<span class="missing">{MISSING}</span>\n'
    yield END


def _span(line: TextLine) -> str:
    css = _CSS.get(line.style)
    text = escape(line.text, quote=False)
    return f'<span style="{css}">{text}</span>' if css and text else text


def _json(transcript: Transcript, info: SessionInfo, is_complete: bool) -> Iterator[str]:
    whole = {
        "session_id": info.id,
        "name": one_line(info.name),
        "agent": info.facts.origin.agent,
        "directory": info.facts.origin.cwd,
        "conversation": transcript.status.conversation or None,
        "title": transcript.status.title,
        "usage": _object(transcript.status.usage),
        "complete": is_complete,
        "items": [_object(item) for item in transcript],
        "requests": [
            _object(request) | {"answer": _object(transcript.answers.get(request.id))}
            for request in transcript.requests.values()
        ],
    }
    yield json.dumps(finite(whole), ensure_ascii=False, indent=2) + "\n"


def _object(value: Any) -> Any:
    """A value of the vocabulary as JSON: structs as objects, bytes as base64."""
    if isinstance(value, msgspec.Struct):
        return {name: _object(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_object(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


FORMATS: Final[dict[str, Callable[[Transcript, SessionInfo, bool], Iterator[str]]]] = {
    ".md": _markdown,
    ".txt": _text,
    ".html": _html,
    ".json": _json,
}
"""The formats of a structured chat, by their suffixes."""
