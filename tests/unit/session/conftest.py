"""A session with fakes around it, for tests of its rules."""

from __future__ import annotations

import pytest

from tests.support.session_stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
