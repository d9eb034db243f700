"""A session with fakes around it, for tests of its rules."""

from __future__ import annotations

import pytest

from tests.support.session_rules_harness import Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()
