"""Constants that every engine uses."""

from __future__ import annotations

from typing import Final

AGENT_STATE_REPLY: Final = b"\x1b]7501;?\x1b\\"
"""The answer to OSC 7501's query: every state and kind of the protocol is supported."""

MAX_TITLE_STACK: Final = 10
"""How many titles ``CSI 22 t`` saves; the oldest are dropped."""

MAX_REPEATED_ROWS: Final = 4
"""How many rows REP (``CSI n b``) fills at most: more is of no use, and would take an engine seconds."""
