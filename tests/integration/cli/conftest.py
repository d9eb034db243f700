"""For tests of chats whose conversations are gone on with.

agents      programs called claude and codex on PATH, which keep conversations as those do
project     a directory for the chats
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.conversing import install


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where those programs are."""
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty one."""
    directory = tmp_path / "project"
    directory.mkdir()
    return directory
