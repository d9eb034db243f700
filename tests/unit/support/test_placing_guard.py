"""Product code that changes a user's file by itself, or lets git do it, fails its test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from session_host.client.worktrees import discarding
from session_host.restore_points import restoring
from tests.support.area import Area
from tests.support.placing_guard import Unplaced, placing_guard
from tests.support.repositories import Checkout

BY_ITSELF = """
import os
def change(top):
    os.replace(top / "other", top / "file")
"""
BY_GIT = """
from session_host.git import run_for_user
def change(top):
    run_for_user(top, "checkout", "-f", "--", "file")
"""
BY_ITS_INDEX = """
from session_host.git import run_with_input
def change(top):
    run_with_input(top, "checkout-index", "-f", "-a", extra={"GIT_INDEX_FILE": "x"}, timeout_s=9)
"""


@pytest.mark.parametrize(("module", "code"), [(discarding, BY_ITSELF), (restoring, BY_GIT), (restoring, BY_ITS_INDEX)])
def test_a_change_that_nothing_looked_at_first_fails(tmp_path: Path, area: Area, module: Any, code: str) -> None:
    checkout = Checkout.new(tmp_path / "api")
    checkout.write("other", "changed\n")
    checkout.write("file", "changed\n")
    names: dict[str, Any] = {}
    exec(compile(code, module.__file__, "exec"), names)
    with pytest.raises(Unplaced), placing_guard(area.state):
        names["change"](checkout.path)
    assert (checkout.path / "file").read_text() == "changed\n"


def test_a_test_may_change_files_itself(tmp_path: Path, area: Area) -> None:
    checkout = Checkout.new(tmp_path / "api")
    with placing_guard(area.state):
        checkout.write("file", "changed\n")
        checkout.git("checkout", "-f", "--", "file")
