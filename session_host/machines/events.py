"""The events of another machine: what ``outlive events`` prints there, line by line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from session_host.protocol.events import EventLine
from session_host.protocol.untrusted_text import plain

from .link import Link

MAX_LINE_BYTES: Final = 256 * 1024
"""Of a longer line, the beginning is dropped, so it is none of these."""

_decoder = msgspec.json.Decoder(EventLine)


async def follow_events(
    link: Link,
    words: Sequence[str],
    take: Callable[[EventLine], None],
    complain: Callable[[str], None],
    begun: Callable[[], None] = lambda: None,
) -> int:
    """Run ``outlive events --json`` on a machine until it ends; returns its exit code.

    What the machine sends is read as lines of known forms: one of a kind that only another version knows is left out.

    Args:
        link: the link to it.
        words: the command's other arguments.
        take: gets each line; its texts are as they were sent.
        complain: gets what the command writes to standard error, as plain text.
        begun: called once the command runs there.

    Raises:
        Unreachable: the machine is not reached any more.
        OutliveError: the command cannot run there.
    """
    rest = b""

    def receive(data: bytes, is_error: bool) -> None:
        nonlocal rest
        if is_error:
            complain(plain(data.decode(errors="replace"), len(data)))
            return
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-MAX_LINE_BYTES:]
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                take(_decoder.decode(line))

    return await link.run(["events", "--json", *words], 0, receive, lambda _channel: begun())
