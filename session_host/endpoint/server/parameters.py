"""Parameters of requests that the user chooses, such as ``temperature`` and ``max_tokens``.

The server is their judge: it refuses what it does not know, and its reason is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from session_host.errors import UsageError

_OWN: Final = frozenset({"model", "messages", "input", "instructions", "stream", "stream_options", "store"})
"""Fields of a request that only the chat sets."""

_CHANGE: Final = re.compile(r"([\w.-]+)\s*[=\s]\s*(\S.*)", re.DOTALL)


def changed_parameters(parameters: Mapping[str, Any], change: str) -> dict[str, Any]:
    """The parameters after a change in the form ``NAME VALUE``, ``NAME=VALUE`` or ``NAME off``.

    A value is JSON, such as ``0.2``, ``true`` or ``{"enable_thinking": false}``, or else a text.

    Raises:
        UsageError: the change has another form, the chat sets this parameter itself, or JSON has no such value.
    """
    if (found := _CHANGE.fullmatch(change.strip())) is None:
        raise UsageError(f"parameter {change.strip()}: write a name and a value, such as temperature 0.2, or NAME off")
    name, value = found.groups()
    if name in _OWN:
        raise UsageError(f"parameter {name}: the chat sets it itself")
    changed = {key: kept for key, kept in parameters.items() if key != name}
    return changed if value == "off" else changed | {name: _value(name, value)}


def parameters_of(texts: Iterable[str]) -> dict[str, Any]:
    """The parameters that texts in the form ``NAME=VALUE`` set.

    Raises:
        UsageError: see ``changed_parameters``.
    """
    parameters: dict[str, Any] = {}
    for text in texts:
        parameters = changed_parameters(parameters, text)
    return parameters


def shown_parameters(parameters: Mapping[str, Any]) -> str:
    """The parameters in one line."""
    if not parameters:
        return "no parameters"
    return "parameters: " + " · ".join(f"{name} = {_shown(value)}" for name, value in parameters.items())


def _value(name: str, text: str) -> Any:
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except json.JSONDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise UsageError(f"parameter {name}: a request cannot hold {text[:40]}") from error
    return value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
