from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.placing.trees import aside_of, delete, difference, look, put_back, set_aside
from tests.support.disks import bind_mount
from tests.support.other_users import NOBODY, as_another_user, needs_root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "deep/empty").mkdir(parents=True)
    (tree / "deep/file").write_text("a\n")
    (tree / "link").symlink_to("deep")
    os.mkfifo(tree / "pipe")
    return tree


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("touch tree/new", "new"),
        ("echo b >tree/deep/file", "deep/file"),
        ("cp -p tree/deep/file x; mv x tree/deep/file", "deep/file"),
        ("touch -r tree/deep/file x; echo b >tree/deep/file; touch -r x tree/deep/file", "deep/file"),
        ("rm tree/pipe", "pipe"),
        ("chmod +x tree/deep/file", "deep/file"),
        ("touch tree/deep/empty/new", "deep/empty/new"),
        ("ln -sfn elsewhere tree/link", "link"),
        ("mv tree/deep/file tree/deep/other; mv tree/deep/other tree/deep/file", "deep/file"),
    ],
)
def test_a_second_look_finds_what_was_written(tree: Path, change: str, found: str) -> None:
    before = look(tree)
    set_aside(tree, tree.with_name("aside"))
    assert difference(before, look(tree.with_name("aside"))) == ""
    assert put_back(tree.with_name("aside"), tree)
    assert difference(before, look(tree)) == ""

    os.system(f"cd {tree.parent}; {change}")

    assert difference(before, look(tree)) == found


def test_nothing_is_put_where_something_is(tree: Path) -> None:
    aside = aside_of(tree)
    assert aside == tree.with_name(".tree.removing")
    set_aside(tree, aside)
    assert aside_of(tree) == tree.with_name(".tree.removing2")
    tree.mkdir()

    assert not put_back(aside, tree)
    assert (aside / "deep/file").exists()


def test_nothing_is_deleted_through_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    (tree / "other").symlink_to(tmp_path / "mine")

    assert delete(tree) is None
    assert not tree.exists()
    assert (tmp_path / "mine/file").exists()
    assert delete(tree) is None


def test_nothing_is_deleted_through_a_mount(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").touch()
    with bind_mount(tmp_path / "source", tree / "data"):
        with pytest.raises(OSError, match="data is mounted; unmount it first"):
            look(tree)
        left = delete(tree)
        assert left is not None
        assert left == (str(tree), f"{tree}/data is mounted; unmount it first")
        assert (tmp_path / "source/file").exists()
        assert (tree / "deep/file").exists()


@needs_root
class TestAnotherUser:
    @pytest.fixture
    def theirs(self, tree: Path) -> Path:
        for path in (tree, *tree.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        for path in (tree.parent, *tree.parent.parents[:-2]):
            path.chmod(0o777)
        return tree

    def test_own_directories_that_are_not_writable_are_deleted(self, theirs: Path) -> None:
        for path in (theirs / "deep/empty", theirs / "deep", theirs):
            path.chmod(0o555)

        assert as_another_user(lambda: delete(theirs)) is None
        assert not theirs.exists()

    def test_a_directory_of_somebody_else_is_found_before(self, theirs: Path) -> None:
        (theirs / "deep/rooted").mkdir()

        assert as_another_user(lambda: str(_refusal(theirs))) == f"{theirs}/deep: it belongs to another user"

    def test_what_cannot_be_deleted_is_named(self, theirs: Path) -> None:
        (theirs / "deep/rooted").mkdir()
        (theirs / "deep/rooted/file").touch()

        left = as_another_user(lambda: delete(theirs))
        assert left == [f"{theirs}/deep/rooted/file", "Permission denied"]
        assert sorted(path.name for path in theirs.rglob("*")) == ["deep", "file", "rooted"]


def _refusal(top: Path) -> str | None:
    try:
        look(top)
    except OSError as error:
        return error.strerror
    return None


def test_directories_that_are_nested_too_deeply_are_left(tree: Path) -> None:
    here = os.open(tree, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit()):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)

    try:
        left = delete(tree)
        assert left is not None
        assert str(tree) in left.path
    finally:
        subprocess.run(["rm", "-r", tree], check=True)  # Which pytest could not.
    assert delete(tree) is None
