"""The guide's table of the user's files: a restore, a discard and a removal do what the cells of each row say."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.client.worktrees import make
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import can_discard_file, discard, undo
from session_host.client.worktrees.removing import remove
from session_host.errors import WorktreeError
from session_host.restore_points.points import About, take
from session_host.restore_points.restoring import plan_restore, restore
from tests.support.commands import REPOSITORY
from tests.support.repositories import Checkout
from tests.unit.restore_points.test_lfs import LFS

CHAT = "0d5a3c52-6a0c-4c6b-9d3e-1f2a3b4c5d6e"


class Cells(NamedTuple):
    """What the guide says of some files."""

    restore: str
    discard: str
    removal: str


def table() -> dict[str, Cells]:
    text = (REPOSITORY / "resources/guide/guarantees.md").read_text()
    lines = text.partition("| files | ")[2].partition("\n\n")[0].splitlines()[2:]
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {name: Cells(*cells) for name, *cells in rows}


class Place:
    """A working tree in which a row's files are made.

    Attributes:
        is_seen: whether git sees a change of a file that it would write in another way.
    """

    def __init__(self, top: Path, tmp_path: Path, ends: ExitStack, *, is_seen: bool = True) -> None:
        self.checkout, self.top, self.tmp_path, self.ends = Checkout(top), top, tmp_path, ends
        self.is_seen = is_seen

    def write(self, path: str, content: bytes) -> None:
        (self.top / path).parent.mkdir(parents=True, exist_ok=True)
        (self.top / path).write_bytes(content)

    def rules(self, line: str) -> None:
        """Add an attribute that no file of the working tree has."""
        common = Path(self.checkout.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        (common / "info").mkdir(exist_ok=True)
        with (common / "info" / "attributes").open("a") as file:
            file.write(f"{line}\n")

    def ignore(self, line: str) -> None:
        common = Path(self.checkout.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        (common / "info").mkdir(exist_ok=True)
        (common / "info" / "exclude").write_text(f"{line}\n")


class Row(NamedTuple):
    """The files of a row: one that is made before the restore point, and what becomes of it behind it.

    Attributes:
        path: the file.
        change: makes or changes it; a second call makes no difference.
        before: is called first.
    """

    path: str
    change: Callable[[Place], object]
    before: Callable[[Place], object] = lambda _place: None


def marked(place: Place) -> None:
    place.checkout.git("update-index", "--skip-worktree", "file")
    place.write("file", b"secret\n")


def notebook(place: Place) -> None:
    place.write("file", b"mine\noutput\n" if place.is_seen else b"file\noutput\n")
    if not place.is_seen:
        place.checkout.git("add", "file")


def lossy_filter(place: Place) -> None:
    place.rules("file filter=strip")
    place.checkout.git("config", "--global", "filter.strip.clean", "grep -v output")


def line_ends(place: Place) -> None:
    place.write("file", b"mine\r\n" if place.is_seen else b"file\r\n")
    if not place.is_seen:
        place.checkout.git("add", "file")


def own_filter(place: Place) -> None:
    place.rules("file filter=own")
    place.checkout.git("config", "filter.own.clean", "tr a-z A-Z")


def large_file_storage(place: Place) -> None:
    program = place.tmp_path / "bin" / "lfs"
    program.parent.mkdir(exist_ok=True)
    program.write_text(LFS)
    program.chmod(0o755)
    for name in ("clean", "smudge"):
        place.checkout.git("config", "--global", f"filter.lfs.{name}", f"{program} {name}")
    common = Path(place.checkout.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    (common / "lfs").mkdir(exist_ok=True)
    place.rules("*.big filter=lfs -text")


def inner(place: Place, path: str) -> None:
    """A repository with work."""
    if not (place.top / path).exists():
        Checkout.new(place.top / path)
    place.write(f"{path}/file", b"work\n")


def submodule(place: Place) -> None:
    source = Checkout.new(place.tmp_path / "source")
    place.checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(source.path), "sub")
    place.checkout.git("commit", "-qm", "sub")


def mount(place: Place) -> None:
    source = place.tmp_path / "mounted"
    if not source.exists():
        source.mkdir()
        (place.top / "data").mkdir()
        subprocess.run(["mount", "--bind", source, place.top / "data"], check=True)
        place.ends.callback(subprocess.run, ["umount", str(place.top / "data")], check=True)
    place.write("data/file", b"on the mount\n")


def private(place: Place) -> None:
    place.write("private/key", b"key\n")
    (place.top / "private/key").chmod(0o600)
    (place.top / "private").chmod(0o700)


def link(place: Place) -> None:
    (place.top / "link").unlink(missing_ok=True)
    (place.top / "link").symlink_to("./elsewhere//x")


ROWS: dict[str, Row] = {
    "untracked": Row("new", lambda place: place.write("new", b"new\n")),
    "ignored": Row("log", lambda place: place.write("log", b"new\n"), lambda place: place.ignore("log")),
    "changed, and larger": Row("file", lambda place: place.write("file", b"x" * (9 << 20))),
    "changed, and hidden": Row("file", marked),
    "with more than git has": Row("file", notebook, lossy_filter),
    "with line ends": Row("file", line_ends, lambda place: place.rules("file text")),
    "changed, with a filter": Row("file", lambda place: place.write("file", b"mine\n"), own_filter),
    "of Git LFS": Row("a.big", lambda place: place.write("a.big", b"content\n" * 99), large_file_storage),
    "in a submodule": Row("sub/file", lambda place: place.write("sub/file", b"work\n"), submodule),
    "in a repository": Row(
        "vendor/lib/file", lambda place: inner(place, "vendor/lib"), lambda place: place.ignore("vendor/")
    ),
    "on a mount": Row("data/file", mount),
    "with permissions": Row("private/key", private),
    "symbolic links": Row("link", link),
}
SAVED = "saved while it is done"
"""Tested in ``test_what_stays.py`` and ``test_set_aside.py``."""


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def row_of(name: str) -> Row:
    return next(row for begin, row in ROWS.items() if name.startswith(begin))


def state(path: Path) -> tuple[object, ...] | None:
    """Permissions and content of a file; None if it is not there."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return (path.parent.stat().st_mode, str(path.readlink()))
    return (path.parent.stat().st_mode, mode, path.read_bytes())


def test_each_row_is_tried() -> None:
    assert len(table()) == len(ROWS) + 1
    assert SAVED in table()
    assert all(any(name.startswith(begin) for name in table()) for begin in ROWS)


@pytest.fixture
def place(tmp_path: Path, ends: ExitStack) -> Place:
    return Place(Checkout.new(tmp_path / "api").path, tmp_path, ends)


@pytest.mark.parametrize("name", [name for name in table() if name != SAVED])
def test_a_restore_and_its_undo_do_what_the_guide_says(place: Place, name: str) -> None:
    row, cell = row_of(name), table()[name].restore
    row.before(place)
    file = place.top / row.path
    then, point = state(file), take(place.top, CHAT, About(kind="prompt"))
    row.change(place)
    now = state(file)
    assert now not in {then, None}
    plan = plan_restore(place.top, point)
    done = restore(place.top, plan, CHAT)
    assert done.failed == ()
    is_named = row.path in {stay.path for stay in done.stayed}
    assert state(file) == (then if cell.startswith("restored") else now)
    assert is_named == ("named" in cell)
    assert restore(place.top, plan_restore(place.top, done.undo), CHAT).failed == ()
    assert state(file) == now


@pytest.mark.parametrize("name", [name for name in table() if name != SAVED])
def test_a_discard_does_what_the_guide_says(place: Place, name: str) -> None:
    row, cell = row_of(name), table()[name].discard
    row.before(place)
    then = state(place.top / row.path)
    row.change(place)
    now = state(place.top / row.path)
    changes = read_changes(place.top)
    file = next((each for each in changes.files if each.path == row.path), None)
    done = None
    if file is not None and can_discard_file(file):
        try:
            done = discard(place.top, changes, file, CHAT)
        except WorktreeError:
            assert cell == "refused"
    assert (done is None) == (cell == "refused")
    assert state(place.top / row.path) == (now if done is None else then)
    if done is not None:
        undo(place.top, done, CHAT)
        assert state(place.top / row.path) == now


@pytest.mark.parametrize("name", [name for name in table() if name != SAVED])
def test_a_removal_does_what_the_guide_says(place: Place, name: str) -> None:
    row, cell = row_of(name), table()[name].removal
    if name.startswith("in a submodule"):
        submodule(place)
    worktree = make(str(place.top), None, "chat")
    inside = Place(Path(worktree.own.path), place.tmp_path, place.ends, is_seen=False)
    if not name.startswith("in a submodule"):
        row.before(inside)
    row.change(inside)
    now = state(inside.top / row.path)
    if name.startswith(("symbolic links", "of Git LFS")):
        inside.checkout.git("add", row.path)
        inside.checkout.git("commit", "-qm", "tracked")
        place.checkout.git("branch", "also", worktree.own.branch)
    removal = remove(worktree.own)
    is_kept = not removal.removed
    if cell.startswith("as other files"):
        assert is_kept  # It is untracked.
    else:
        assert is_kept == cell.startswith("keep the worktree"), removal.line
    if is_kept:
        assert state(inside.top / row.path) == now
    if "named" in cell:
        assert row.path in removal.line
