"""The effects of a viewer's rules, which ``viewer.py`` carries out in order. Pure."""

from __future__ import annotations

import msgspec

from session_host.protocol.messages import Event, InputRefused, Message, Output, SnapshotPart
from session_host.protocol.values import CellSize, GridSize

from .state import ViewerState


class Effect(msgspec.Struct, frozen=True, gc=False):
    """Base of all effects."""


class Connect(Effect, frozen=True):
    """Connect to the host after this time, then report ``connected``, ``refused``, or the line's ``failed``."""

    after_s: float


class WaitReachable(Effect, frozen=True):
    """Wait until the session's machine can be reached, then call ``start``."""


class ReadOutcome(Effect, frozen=True):
    """Look up the session's outcome in the store, then report ``outcome_read``."""


class LoadScreen(Effect, frozen=True):
    """Replace the replica by the session's last screen if it is newer than this offset, then report ``screen_read``."""

    offset: int


class SendMessage(Effect, frozen=True):
    """Send this to the host."""

    message: Message


class StartAnswerTimer(Effect, frozen=True):
    """Report ``on_answer_timer`` after this time. Only one such timer runs."""

    after_s: float


class DropConnection(Effect, frozen=True):
    """Break the connection."""


class AddSnapshotPart(Effect, frozen=True):
    """Add this to the snapshot; after the last part, report ``snapshot_restored`` or ``snapshot_unreadable``."""

    part: SnapshotPart


class ResizeReplica(Effect, frozen=True):
    """Give the replica this size."""

    size: GridSize
    cell: CellSize


class MarkTurn(Effect, frozen=True):
    """Mark the beginning of an agent's turn in the replica."""


class FeedReplica(Effect, frozen=True):
    """Feed the replica with output that continues its own."""

    message: Output


class FreeReplica(Effect, frozen=True):
    """Free the replica, and the parts of the next one."""


class NotifyState(Effect, frozen=True):
    """Report a state to the delegate."""

    state: ViewerState
    message: str


class NotifyEvent(Effect, frozen=True):
    """Report an event other than a state to the delegate."""

    event: Event


class NotifyRefusal(Effect, frozen=True):
    """Report a refused input to the delegate."""

    refusal: InputRefused
