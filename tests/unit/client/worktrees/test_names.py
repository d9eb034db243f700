from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.worktrees.repository import free_branch, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix-the-bug", "fix-the-bug"),
        ("feature/x", "feature-x"),
        ("two  words", "two-words"),
        ("-dash", "dash"),
        ("äöü ß 漢字", "äöü-ß-漢字"),
        ("a..b", "a.b"),
        ("x.lock", "x"),
        ("x.lock.lock", "x"),
        (".hidden", "hidden"),
        ("~^:?*[\\", "chat"),
        ("", "chat"),
        ("a" * 300, "a" * 80),
    ],
)
def test_slugs_of_names(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_git_accepts_the_slug_of_any_name() -> None:
    @given(st.text(max_size=60))
    def check(text: str) -> None:
        name = slug(text)
        assert "/" not in name
        assert len(name.encode()) <= 80
        names.append(name)

    names: list[str] = []
    check()
    for name in {*names[-20:], "chat"}:
        subprocess.run(["git", "check-ref-format", f"refs/heads/outlive/{name}"], check=True)


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ([], "outlive/x"),
        (["main", "outlive/y"], "outlive/x"),
        (["outlive/x"], "outlive/x-2"),
        (["outlive/X", "outlive/x-2"], "outlive/x-3"),
        (["outlive/x/deep"], "outlive/x-2"),
        (["outlive"], "outlive-x"),
        (["outlive", "outlive-x"], "outlive-x-2"),
    ],
)
def test_a_free_branch_name_is_found(existing: list[str], expected: str) -> None:
    assert free_branch("x", existing) == expected
