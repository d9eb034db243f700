"""Labels of one or two letters; no label is the beginning of another one. Pure."""

from __future__ import annotations

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
_HOME_ROW = 9


def labels(count: int) -> list[str]:
    """The labels for ``count`` targets, at most 676; the shortest come first.

    Up to nine targets have single letters of the home row. For more targets, some letters begin labels of two letters.
    """
    letters = LETTERS if count > _HOME_ROW * _HOME_ROW else LETTERS[:_HOME_ROW]
    size = len(letters)
    beginnings = 0
    while beginnings < size and size - beginnings + beginnings * size < count:
        beginnings += 1
    singles = letters[: size - beginnings]
    # Second letters in the outer loop: the first keys of neighbouring labels alternate between fingers.
    pairs = [first + second for second in letters for first in letters[size - beginnings :]]
    return [*singles, *pairs][:count]
