"""Choosing an engine, without importing any before it is needed."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest

from session_host.errors import UsageError
from session_host.protocol.values import GridSize
from session_host.terminal import available_engines, create, default_engine, engine_build, restore


def test_the_best_engine_is_the_first() -> None:
    engines = available_engines()
    assert default_engine() == engines[0]
    emulator = create(None, GridSize(20, 5))
    assert emulator.engine == engines[0]
    emulator.close()


@pytest.mark.parametrize("engine", available_engines())
def test_a_build_names_its_engine(engine) -> None:
    emulator = create(engine, GridSize(20, 5))
    assert emulator.build == engine_build(engine)
    assert engine_build(engine).startswith(f"{engine}-")
    emulator.close()


def test_an_unknown_engine_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="ghostty, pyte"):
        create("xterm", GridSize(20, 5))  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        restore("xterm", b"")  # type: ignore[arg-type]


def test_asking_for_a_build_imports_no_engine() -> None:
    code = (
        "import sys, session_host.terminal as t\n"
        "t.available_engines(); t.default_engine(); [t.engine_build(e) for e in t.available_engines()]\n"
        "assert not {'pyghostty', 'cffi', 'pyte', 'wcwidth'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("engine", available_engines())
def test_an_unreferenced_emulator_is_freed_at_once(engine) -> None:
    gc.disable()
    try:
        emulator = create(engine, GridSize(20, 5))
        emulator.feed(b"text\x1b[6n\x07")
        emulator.frame()
        emulator.select((0, 0), (2, 0), "cell")
        gone = weakref.ref(emulator)
        del emulator
        assert engine == "pyte" or gone() is None
    finally:
        gc.enable()
