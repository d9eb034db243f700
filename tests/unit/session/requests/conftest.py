"""The queue of texts that commands type, with fakes around it; an indirect parameter sets the program's ``Watch``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.send_stage import PAUSING, SendStage


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[SendStage]:
    stage = SendStage(getattr(request, "param", PAUSING))
    yield stage
    stage.emulator.close()
