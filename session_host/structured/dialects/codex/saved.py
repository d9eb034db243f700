"""The items of a rollout, Codex's own record of a thread. Pure.

It has the server's items with other names: types begin with a capital, and fields are in snake case.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from session_host.structured.dialects.reading import array, at, mapping, text
from session_host.structured.items import Item

from .items import ItemContext, translate


def items_of(raw: Iterable[dict[str, Any]], directory: str) -> list[Item]:
    """The items that a rollout says are complete, in its order; those that are not known are left out.

    Args:
        raw: the items of its lines.
        directory: that of the chat.
    """
    found = (translate(_as_sent(each), ItemContext(text(each, "id"), "", directory), 0, done=True) for each in raw)
    return [item for item in found if item is not None]


def _as_sent(raw: dict[str, Any]) -> dict[str, Any]:
    """An item as the server sends it."""
    kind = text(raw, "type")
    sent = {"type": kind[:1].lower() + kind[1:], "status": text(raw, "status"), "exitCode": at(raw, "exit_code")}
    words = [word for word in array(raw, "command") if isinstance(word, str)]
    actions = [{"command": text(action, "cmd")} for action in array(raw, "parsed_cmd")]
    changes = [_change(path, mapping(raw, "changes", path)) for path in mapping(raw, "changes")]
    return raw | sent | {"command": shlex.join(words), "commandActions": actions, "changes": changes}


def _change(path: str, raw: dict[str, Any]) -> dict[str, Any]:
    kind = {"type": text(raw, "type"), "move_path": text(raw, "move_path")}
    return {"path": path, "kind": kind, "diff": text(raw, "unified_diff") or text(raw, "content")}
