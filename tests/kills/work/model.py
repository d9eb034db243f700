"""A case: the features of a working tree, an action, and what disturbs it; one line of text repeats it.

``restore save:git:14 crlf.71 plain.3-0-2``: a restore, at whose 14th start of git somebody saves a file, in a tree with
the features "crlf" and "plain", each with the seed of its own drawing; the files 0 and 2 of "plain" are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Final, Self

ACTIONS: Final = (
    "restore",
    "undo-restore",
    "discard",
    "undo-discard",
    "take-back",
    "undo-take-back",
    "rm",
)
DISTURBANCES: Final = ("none", "save", "kill", "full")
CALLS: Final = {
    # How often an action makes calls of each kind, about; a later number disturbs nothing.
    "restore": {"git": 34, "change": 26, "write": 30, "look": 220},
    "undo-restore": {"git": 34, "change": 26, "write": 30, "look": 220},
    "discard": {"git": 34, "change": 16, "write": 20, "look": 220},
    "undo-discard": {"git": 24, "change": 16, "write": 16, "look": 160},
    "take-back": {"git": 28, "change": 16, "write": 16, "look": 180},
    "undo-take-back": {"git": 24, "change": 16, "write": 16, "look": 160},
    "rm": {"git": 22, "change": 20, "write": 16, "look": 160},
}

SYSTEM: Final = "system"
"""The kind of all system calls, at any of which a tracer kills."""


@dataclass(frozen=True)
class Disturbance:
    """What comes at the n-th call of a kind.

    Attributes:
        kind: "save", "kill" or "full" (no space left on the disk).
        call: the kind of the call, see ``child.kind_of``, or ``SYSTEM``.
        number: from 1; 0 for none.
        is_lasting: whether the disk stays full.
    """

    kind: str
    call: str
    number: int
    is_lasting: bool = False

    def __str__(self) -> str:
        return f"{self.kind}:{self.call}:{self.number}{':on' if self.is_lasting else ''}"


@dataclass(frozen=True)
class Feature:
    """A feature of a case.

    Attributes:
        name: its name in ``features.FEATURES``.
        seed: of its own drawing.
        dropped: the numbers of its files that are left out, because the fault is there without them.
    """

    name: str
    seed: int
    dropped: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return "-".join([f"{self.name}.{self.seed}", *map(str, sorted(self.dropped))])


@dataclass(frozen=True)
class Case:
    """A case; see the module."""

    action: str
    disturbance: Disturbance | None
    features: tuple[Feature, ...]

    def __str__(self) -> str:
        return " ".join([self.action, str(self.disturbance or "none"), *map(str, self.features)])

    @classmethod
    def read(cls, text: str) -> Self:
        """The case of a text."""
        action, disturbed, *features = text.split()
        found = []
        for each in features:
            name, _, rest = each.rpartition(".")
            seed, *dropped = map(int, rest.split("-"))
            found.append(Feature(name, seed, frozenset(dropped)))
        disturbance = None
        if disturbed != "none":
            kind, call, number, *lasting = disturbed.split(":")
            disturbance = Disturbance(kind, call, int(number), bool(lasting))
        return cls(action, disturbance, tuple(found))

    @property
    def kind(self) -> str:
        """What disturbs it, "none" for nothing."""
        return self.disturbance.kind if self.disturbance is not None else "none"

    def with_features(self, features: tuple[Feature, ...]) -> Case:
        """The case with other features."""
        return replace(self, features=features)


def disturbance_of(choose: Random, kind: str, action: str) -> Disturbance | None:
    """A disturbance of this kind, at any call of the action."""
    if kind == "none":
        return None
    counts = CALLS[action]
    call = choose.choices(["git", "change", "write", "look"], [4, 4, 2, 2 if kind != "full" else 0])[0]
    number = choose.randint(1, counts[call])
    return Disturbance(kind, call, number, is_lasting=kind == "full" and choose.random() < 0.4)
