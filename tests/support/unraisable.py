"""A plugin: errors that only garbage collection shows, such as an unclosed file, fail the test that made the garbage.

Pytest reports such errors after each phase of a test, but not after one that failed; and the collector may find the
garbage much later.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import suppress

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Collect the test's garbage after its last fixture has ended, and report the errors of that."""
    assert isinstance(item, pytest.Function)
    try:
        yield
    finally:
        item.funcargs.clear()
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):
            with suppress(AttributeError):
                delattr(sys, name)  # A failed test's frames, which pytest keeps until the next test.
        gc.collect()
        gc.freeze()  # What is left lasts: the next test's collection need not look at it.
        plugin = item.config.pluginmanager.get_plugin("unraisableexception")
        assert plugin is not None
        plugin.collect_unraisable(item.config)
