"""A text of the window."""

from __future__ import annotations


class Text:
    """A text of the window; a call fills in its fields: ``COPIED(path=path)``.

    A text with the field ``n`` has two forms: ``Text("{n} line", "{n} lines")``. Each call must give each field of the
    text by name: ``tests/architecture/test_wording.py`` compares them.
    """

    __slots__ = ("_one", "_several")

    def __init__(self, one: str, several: str = "") -> None:
        self._one = one
        self._several = several or one

    def __call__(self, **values: object) -> str:
        """The text, in the form for the number ``n`` if it has that field."""
        if not values:
            return self._one
        return (self._one if values.get("n") == 1 else self._several).format(**values)
