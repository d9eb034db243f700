"""A file in memory for one test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def file() -> Iterator[int]:
    descriptor = os.memfd_create("file")
    yield descriptor
    os.close(descriptor)
