"""Environment variables with an agent's settings: Outlive's, merged with the user's."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from session_host.agents.agent import FILES

_ANY_SESSIONS_FILES = r"\S*/sessions/[0-9a-f-]{36}/agent"
"""A pattern for the value of ``{files}`` in a variable of another chat, from which this chat is started."""


def is_merged(template: str) -> bool:
    """Whether a value of the catalog is merged with the user's own, and does not give way to it."""
    return template.startswith("{") and not template.startswith(FILES)


def variable(template: str, files: str, theirs: str) -> str:
    """The value of a variable.

    A JSON object is merged with an existing one: objects by key, lists appended; otherwise the user's value wins. Any
    other value replaces the existing one.

    Args:
        template: the catalog's value, with ``{files}``.
        files: the directory of the agent's files for this session.
        theirs: the existing value; "" for none.
    """
    url = f"file://{FILES}"
    if not is_merged(template):
        return template.replace(FILES, files)
    ours = json.loads(template)
    try:
        there = json.loads(theirs)
    except (ValueError, RecursionError):
        there = {}
    merged = _merged(_filled(ours, url, files), _without(there, ours)) if isinstance(there, dict) else {}
    return json.dumps(merged or _filled(ours, url, files), ensure_ascii=False, separators=(",", ":"))


def _filled(value: Any, url: str, files: str) -> Any:
    match value:
        case dict():
            return {key: _filled(each, url, files) for key, each in value.items()}
        case list():
            return [_filled(each, url, files) for each in value]
        case str():
            return value.replace(url, f"file://{quote(files)}").replace(FILES, files)
        case _:
            return value


def _without(there: Any, ours: Any) -> Any:
    """The existing list without another chat's entries of the same kind as ours."""
    if isinstance(there, dict) and isinstance(ours, dict):
        return {key: _without(each, ours.get(key)) for key, each in there.items()}
    if isinstance(there, list) and isinstance(ours, list):
        patterns = [re.escape(each).replace(re.escape(FILES), _ANY_SESSIONS_FILES) for each in ours if FILES in each]
        return [each for each in there if not any(re.fullmatch(pattern, str(each)) for pattern in patterns)]
    return there


def _merged(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours | {key: _merged(ours[key], each) if key in ours else each for key, each in theirs.items()}
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*theirs, *ours]
    return theirs
