"""Two restores of one working tree at the same time."""

from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from session_host.restore_points import kept_tree, restoring
from session_host.restore_points.points import About, take
from session_host.restore_points.restoring import FilesChanged, plan_restore, restore
from tests.support.repositories import Checkout

WAIT_S = 60.0
CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"


def test_a_second_restore_at_the_same_time_waits_and_checks_the_files_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    point = take(checkout.path, CHAT, About(kind="prompt"))
    checkout.write("file", "changed")
    accepted = plan_restore(checkout.path, point)
    waits = threading.Event()

    def exclusive_lock(directory: Path, *words: Any) -> AbstractContextManager[None]:
        if directory == checkout.path:
            waits.set()
        return kept_tree.exclusive_lock(directory, *words)

    monkeypatch.setattr(restoring, "exclusive_lock", exclusive_lock)
    first = os.open(checkout.path, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        second = pool.submit(restore, checkout.path, accepted, CHAT)
        assert waits.wait(WAIT_S)
        checkout.write("other", "by the first one")
        os.close(first)
        with pytest.raises(FilesChanged):
            second.result()
    assert (checkout.path / "file").read_text() == "changed"
