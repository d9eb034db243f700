"""A turn as an agent's record has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_numbers import tokens, tokens_in_all
from session_host.structured.items import Item, ItemStatus
from session_host.structured.turns import work_of

GEMINI_STATUSES: Final[Mapping[str, ItemStatus]] = {"success": "done", "cancelled": "declined"}
"""The status of a tool call, by the word in the records of Gemini CLI and Qwen Code; any other word is "failed"."""


class Counted(NamedTuple):
    """A turn as the record has it now.

    Attributes:
        directory: that of the record, or of what will be.
        is_whole: whether it has all of the turn.
        is_stopped: whether it says that the user stopped the turn.
        work: what the turn did, once it is whole; None if that is not known.
        said: see ``AgentStatus``.
        is_limit: whether it says that a limit of the user's subscription stopped the turn.
        resets_at: when that is reset; "" if it does not say that.
        error: what it says of the error that stopped the turn, one line; "" for none.
    """

    directory: Path
    is_whole: bool = False
    is_stopped: bool = False
    work: TurnWork | None = None
    said: str = ""
    is_limit: bool = False
    resets_at: str = ""
    error: str = ""


def counted_tokens(said: object) -> int:
    """A number of tokens of a record; 0 for none, and for one that cannot be true."""
    return tokens(said) or 0


def worked(
    found: Counted,
    items: Sequence[Item],
    used: Iterable[tuple[int, int, int]],
    cost: float = 0.0,
    currency: str = "",
) -> Counted:
    """A turn with its work, once the record has it whole.

    A call that the user refused may be the end of it: then no answer follows.

    Args:
        found: the turn.
        items: the calls of tools, oldest first.
        used: tokens that the model read, without the cached ones, had cached, and wrote, of each request.
        cost: what the agent says that it cost; 0 if it says nothing.
        currency: that of the cost.
    """
    if not found.is_whole and not (items and items[-1].status == "declined"):
        return found
    read, cached, written = (
        tokens_in_all(*(max(each, 0) for each in kind)) for kind in zip((0, 0, 0), *used, strict=True)
    )
    work = work_of(items)
    if read or cached or written:
        work = msgspec.structs.replace(work, read=read, cached=cached, written=written, known="least")
    if cost > 0:
        work = msgspec.structs.replace(work, cost=cost, currency=currency)
    return found._replace(is_whole=True, work=work)
