"""The turns of the agent that the replica has not reached yet; pure."""

from __future__ import annotations

MAX_TURNS = 256


class TurnMarks:
    """The host reports the beginning of a turn by its offset, which may be ahead of the replica.

    Attributes:
        ahead: the offsets that the replica has still to reach, oldest first.
    """

    def __init__(self) -> None:
        self.ahead: list[int] = []

    def began(self, turn: int, replica: int) -> bool:
        """Note a turn; returns whether to mark it at once, since the replica is there already.

        Args:
            turn: the offset where the turn began.
            replica: the replica's offset; -1 without a replica.
        """
        if replica >= turn:
            return True
        self.ahead = [*self.ahead, turn][-MAX_TURNS:]
        return False

    def take(self, end: int) -> list[int]:
        """Remove and return the turns that began before this end of the output, which is fed now."""
        found = [offset for offset in self.ahead if offset <= end]
        self.ahead = [offset for offset in self.ahead if offset > end]
        return found

    def snapshot_restored(self, end: int) -> bool:
        """Drop the turns that a snapshot has; returns whether one began at its end.

        The snapshot may have been made just before the mark of that one.
        """
        return end in self.take(end)
