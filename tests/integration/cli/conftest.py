"""Fixtures for tests that continue conversations: fake agents on PATH, and a directory for their chats."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.conversing import install


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory, on PATH, of fake agents called claude and codex that store conversations as the real ones do."""
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty directory for the chats."""
    directory = tmp_path / "project"
    directory.mkdir()
    return directory
