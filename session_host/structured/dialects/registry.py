"""The dialects by their names, as agents' files name them."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from session_host.errors import UsageError

from .base import Dialect, DialectPort

DIALECTS: Final[dict[str, tuple[str, str]]] = {
    "acp": ("acp", "AcpDialect"),
    "claude": ("claude.dialect", "ClaudeDialect"),
    "codex": ("codex.dialect", "CodexDialect"),
    "one-shot": ("one_shot.dialect", "OneShotDialect"),
}
"""The dialects' modules and classes."""


def make_dialect(name: str, port: DialectPort) -> Dialect:
    """Make a dialect, importing its module only now.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in DIALECTS:
        raise UsageError(f"unknown dialect {name!r}; known: {', '.join(DIALECTS)}")
    module, dialect_class = DIALECTS[name]
    dialect: Dialect = getattr(import_module(f"{__package__}.{module}"), dialect_class)(port)
    return dialect
