"""Environment variables with an agent's settings: ours, merged with the user's."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from session_host.agents.agent import FILES

_ANY_SESSIONS_FILES = r"\S*/sessions/[0-9a-f-]{36}/agent"
"""What stands in the place of ``{files}`` in a value made for another chat, out of which this one is started."""


def is_merged(template: str) -> bool:
    """Whether a value of the catalog's is merged with the user's own, and does not stand aside for it."""
    return template.startswith("{") and not template.startswith(FILES)


def variable(template: str, files: str, theirs: str) -> str:
    """The value of a variable.

    A JSON object is merged with one that is there already: objects by their keys, lists one behind the other, and else
    the user's own counts. Anything else takes the place of what is there.

    Args:
        template: the catalog's, with ``{files}``.
        files: the directory of the agent's files for this session.
        theirs: what is set already; "" for nothing.
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
    """What is there, less what another chat's list has of the same kind as ours."""
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
