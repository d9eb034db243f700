"""A tracker of an agent's activity, and a clock."""

from __future__ import annotations

import pytest

from tests.support.signals import TrackerScript


@pytest.fixture
def book() -> TrackerScript:
    return TrackerScript()
