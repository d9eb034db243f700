"""The queue of what commands type on a stage; ``indirect`` parameters name the program's ``Watch``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.send_stage import PAUSING, SendStage


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[SendStage]:
    own = SendStage(getattr(request, "param", PAUSING))
    yield own
    own.emulator.close()
