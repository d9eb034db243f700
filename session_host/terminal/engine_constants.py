"""Constants that every engine uses."""

from __future__ import annotations

from typing import Final

AGENT_STATE_REPLY: Final = b"\x1b]7501;?\x1b\\"
"""The answer to OSC 7501's query: every state and kind of the protocol is supported."""

MAX_TITLE_STACK: Final = 10
"""How many titles ``CSI 22 t`` saves; the oldest are dropped."""

MAX_REPEATED_ROWS: Final = 4
"""How many rows REP (``CSI n b``) fills at most: more is of no use, and would take an engine seconds."""

STATUS_REPORTS: Final = {15: "?13", 25: "?20", 26: "?27;1;0;0", 53: "?50", 55: "?50", 56: "?57;0", 75: "?70"}
"""Answers to DECDSR (``CSI ? n n``): no printer, no locked keys, a North American keyboard, no locator, no errors."""

CONFORMANCE: Final = b'62;1"p'
"""The answer to DECRQSS for DECSCL: a VT220 with 7-bit controls."""
