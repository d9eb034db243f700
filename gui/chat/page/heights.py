"""The heights of many rows, with quick sums."""

from __future__ import annotations

_BLOCK = 128


class Heights:
    """Heights by position; a sum takes a few hundred additions at most."""

    def __init__(self, guess: float) -> None:
        """``guess`` is the height of rows that are not measured yet."""
        self._guess = guess
        self._heights: list[float] = []
        self._blocks: list[float] = []

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, position: int) -> float:
        return self._heights[position]

    def grow(self, count: int) -> None:
        """Increase the number of rows to ``count``."""
        more = count - len(self._heights)
        if more <= 0:
            return
        self._heights += [self._guess] * more
        first = (len(self._heights) - more) // _BLOCK
        del self._blocks[first:]
        for start in range(first * _BLOCK, len(self._heights), _BLOCK):
            self._blocks.append(sum(self._heights[start : start + _BLOCK]))

    def set(self, position: int, height: float) -> None:
        """Set one height."""
        by = height - self._heights[position]
        if by:
            self._heights[position] = height
            self._blocks[position // _BLOCK] += by

    def above(self, position: int) -> float:
        """The sum of the heights before a position."""
        block = position // _BLOCK
        return sum(self._blocks[:block]) + sum(self._heights[block * _BLOCK : position])

    @property
    def total(self) -> float:
        """The sum of all."""
        return sum(self._blocks)

    def find(self, y: float) -> tuple[int, float]:
        """The position of the row at a distance from the top, and the distance within it."""
        block = 0
        while block < len(self._blocks) - 1 and y >= self._blocks[block]:
            y -= self._blocks[block]
            block += 1
        position = block * _BLOCK
        while position < len(self._heights) - 1 and y >= self._heights[position]:
            y -= self._heights[position]
            position += 1
        return position, max(y, 0.0)
