"""State tables, and their diagrams in docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import textwrap
from enum import StrEnum
from types import ModuleType

import pytest

import session_host.session
import session_host.session.requests
from session_host.session.states import TransitionTable


class Door(StrEnum):
    OPEN = "OPEN"
    SHUT = "SHUT"


class Hand(StrEnum):
    PUSH = "somebody pushes"
    PULL = "somebody pulls"


DOOR = TransitionTable({Door.OPEN: {Hand.PUSH: Door.SHUT}, Door.SHUT: {Hand.PULL: Door.OPEN}})


def test_a_trigger_without_a_transition_keeps_the_state() -> None:
    assert DOOR.after(Door.OPEN, Hand.PUSH) is Door.SHUT
    assert DOOR.after(Door.SHUT, Hand.PUSH) is Door.SHUT


def test_the_diagram_has_a_line_for_each_transition() -> None:
    assert str(DOOR) == "OPEN ──somebody pushes──▶ SHUT\nSHUT ──somebody pulls──▶ OPEN"


@pytest.mark.parametrize(
    "package",
    [session_host.session, session_host.session.requests],
    ids=lambda each: each.__name__,
)
def test_diagrams_in_docstrings_equal_the_tables(package: ModuleType) -> None:
    found = 0
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for name, table in vars(module).items():
            if name != "TABLE" or not isinstance(table, TransitionTable):
                continue
            found += 1
            drawn = textwrap.indent(str(table), "    ")
            assert drawn in inspect.cleandoc(module.__doc__ or ""), f"{module.__name__} has another diagram:\n{drawn}"
    assert found
