"""The queue of texts that commands type, with fakes around it; an indirect parameter sets the program's ``Watch``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.send_queue_harness import PAUSING, SendQueueHarness


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[SendQueueHarness]:
    harness = SendQueueHarness(getattr(request, "param", PAUSING))
    yield harness
    harness.emulator.close()
