"""The features of a random working tree. Each draws its files by a seed of its own, so that it is the same alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from tests.kills.work.trees import Tree

LARGE_BYTES: Final = (8 << 20) + 1


class File(NamedTuple):
    """A regular file."""

    data: bytes
    mode: int = 0o644


class Link(NamedTuple):
    """A symbolic link."""

    target: str


Content = File | Link | None
"""What is at a path; None for nothing."""


@dataclass(frozen=True)
class Entry:
    """One path in three states: in the first commit, when the restore point is taken, and when the action begins.

    Attributes:
        may_stay: why a restore may leave it as it is; "" if it must not.
        is_ignored: whether git ignores it, at both times.
    """

    path: str
    base: Content
    then: Content
    now: Content
    may_stay: str = ""
    is_ignored: bool = False


Step = Callable[["Tree"], object]


@dataclass
class Part:
    """What one feature adds to a working tree.

    Attributes:
        choose: the feature's own chance.
        home: a directory for its files alone.
        entries: its files.
        lines: lines of ``.gitignore`` and ``.gitattributes`` by (file, state).
        steps: what is done after the files of a state are there: "init", "commit" (of the main working
            tree), "base", "then", "now", "removal".
        keeps: why a worktree with it is not removed.
        options: of ``git init``.
        has_commit: whether the repository has commits.
        below: the chat's directory below the top.
        through_link: whether the chat's directory is reached through a symbolic link.
        in_worktree: whether the working tree is a linked one.
        may_keep: whether a worktree with it may stay, or go.
        is_ruled: whether git may have other bytes of its files than they have.
        may_refuse: why an action on one of its files may be refused.
        stays: why what is at or below these paths may stay, by the paths.
    """

    name: str
    choose: Random
    dropped: frozenset[int]
    home: str
    entries: list[Entry] = field(default_factory=list)
    lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    keeps: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    has_commit: bool = True
    below: str = ""
    through_link: bool = False
    in_worktree: bool = False
    may_refuse: str = ""
    is_ruled: bool = False
    may_keep: bool = False
    stays: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def add(
        self,
        path: str,
        base: Content = None,
        then: Content = None,
        now: Content = None,
        *,
        may_stay: str = "",
        is_ignored: bool = False,
    ) -> bool:
        """Add a file, unless it is dropped."""
        number, self._count = self._count, self._count + 1
        if number in self.dropped:
            return False
        self.entries.append(Entry(path, base, then, now, may_stay, is_ignored))
        return True

    def line(self, file: str, text: str, states: str = "base then now") -> None:
        """Add a line to the top's ``.gitignore`` or ``.gitattributes`` in these states."""
        for state in states.split():
            self.lines.setdefault((file, state), []).append(text)

    def do(self, state: str, step: Step) -> None:
        """Do this when the files of a state are there."""
        self.steps.setdefault(state, []).append(step)

    def path(self, ending: str = "") -> str:
        """A new path, sometimes beside the files of other features."""
        number = self._count
        place = self.choose.choice([f"{self.home}/", f"{self.home}/", "", "src/", "src/deep/"])
        return f"{place}{self.home}{number}{ending}"

    def text(self) -> bytes:
        """A few lines."""
        lines = [f"line {number}" for number in range(self.choose.randint(1, 12))]
        for _ in range(self.choose.randint(0, 3)):
            lines[self.choose.randrange(len(lines))] = f"other {self.choose.randrange(10**6)}"
        return "".join(f"{line}\n" for line in lines).encode()

    def states(self, make: Callable[[], Content]) -> tuple[Content, Content, Content]:
        """Contents in the three states, which differ, or are the same, or missing."""
        while True:
            known = [make(), make(), make(), None]
            weights = [4, 3, 3, 2]
            base, then, now = self.choose.choices(known, weights, k=3)
            if not (base is None and then is None and now is None):
                return base, then, now


def part_of(name: str, seed: int, dropped: frozenset[int], number: int) -> Part:
    """The part of a feature."""
    part = Part(name, Random(f"{name} {seed}"), dropped, f"{name}{number}")
    FEATURES[name](part)
    return part


# ------------------------------------------------------------ files


def _plain(part: Part) -> None:
    def make() -> Content:
        data = part.choose.choice([part.text(), part.text(), part.text().rstrip(b"\n"), b"", b"\0binary\xff"])
        return File(data)

    for _ in range(part.choose.randint(2, 5)):
        part.add(part.path(part.choose.choice(["", ".py", ".c"])), *part.states(make))


# fmt: off
NAMES: Final = (
    "with space", "new\nline", 'quote"d\t\'', "-rf", "--", "ünï", "u\u0308", os.fsdecode(b"\xff\xfe"), ":(top)x", "*",
    "{a}", "back\\slash", " lead", "trail ", "#hash", "!not", "[a-z]", "?", "~", "$HOME", "a" * 255, "é" * 120, "CON",
    "a.lock", ".outlive-x", "HEAD", "@{0}", "...", "\x01\x7f", ".gitx",
)
# fmt: on


def _names(part: Part) -> None:
    for name in part.choose.sample(NAMES, 3):
        place = part.choose.choice(["", "", f"{part.home}/", f"{part.choose.choice(NAMES)[:80]} d/"])
        part.add(f"{place}{name}", *part.states(lambda: File(part.text())))


def _links(part: Part) -> None:
    targets = ["nowhere", "..", "/etc/passwd", "src", "../outside", "new\nline", "x" * 200, "link-to-itself", "./"]

    def make() -> Content:
        return Link(part.choose.choice(targets)) if part.choose.random() < 0.75 else File(part.text())

    for _ in range(part.choose.randint(1, 3)):
        part.add(part.path(), *part.states(make))


MODES: Final = (0o600, 0o700, 0o755, 0o444, 0o640, 0o555, 0o400, 0o666, 0o711)


def _modes(part: Part) -> None:
    def make() -> Content:
        return File(part.text(), part.choose.choice(MODES))

    for _ in range(part.choose.randint(1, 3)):
        base, then, now = part.states(make)
        if isinstance(base, File):
            base = base._replace(mode=0o755 if base.mode & 0o100 else 0o644)
        part.add(part.path(".sh"), base, then, now)


def _directory_modes(part: Part) -> None:
    mode = part.choose.choice([0o700, 0o750, 0o711])
    secret = File(part.text(), 0o600)
    part.add(f"{part.home}/private/key", None, secret, part.choose.choice([None, secret, File(part.text(), 0o600)]))

    def step(tree: Tree) -> None:
        place = tree.top / part.home / "private"
        if place.is_dir():
            place.chmod(mode)

    part.do("then", step)


def _swap(part: Part) -> None:
    path = f"{part.home}/x"
    part.may_refuse = "another file is on the way"
    inner = "/".join(["x", *part.choose.sample(["a", "b", "c"], part.choose.randint(1, 2))])
    in_commit = part.choose.random() < 0.5
    is_file_then = part.choose.random() < 0.5
    contents: list[Content] = [File(part.text()), Link("elsewhere"), Link(".")]
    plain = part.choose.choice(contents)
    deep = File(part.text())
    if is_file_then:
        part.add(path, plain if in_commit else None, plain, None)
        part.add(f"{part.home}/{inner}", None, None, deep)
    else:
        part.add(f"{part.home}/{inner}", deep if in_commit else None, deep, None)
        part.add(path, None, None, plain)
    part.add(f"{part.home}/beside", None, File(b"beside\n"), File(b"beside\n"))


def _swap_with_ignored(part: Part) -> None:
    """A file became a directory, which has a file that git ignores, too."""
    part.line(".gitignore", f"*.{part.home}")
    why = "a directory with ignored files is in its place"
    part.add(f"{part.home}/x", None, File(part.text()), None, may_stay=why)
    part.add(f"{part.home}/x/new", None, None, File(part.text()), may_stay=why)
    part.add(f"{part.home}/x/kept.{part.home}", None, None, File(b"ignored\n"), is_ignored=True, may_stay=why)


def _executable(part: Part) -> None:
    text = part.text()

    def make() -> Content:
        return File(part.choose.choice([text, text, part.text()]), part.choose.choice([0o644, 0o755]))

    for _ in range(2):
        part.add(part.path(".sh"), *part.states(make))


def _file_mode_off(part: Part) -> None:
    part.do("init", lambda tree: tree.configure("core.fileMode", "false"))
    _executable(part)


def _large(part: Part) -> None:
    first, second = (File(b"%d" % part.choose.randrange(10**6) * 2 + b"x" * LARGE_BYTES) for _ in range(2))
    small = File(part.text())
    contents: Iterator[Content] = cycle(part.choose.sample([first, second, small], 3))
    base, then, now = part.states(lambda: next(contents))
    part.add(part.path(".bin"), base, then, now, may_stay="larger than 8 MB")


# ------------------------------------------------------------ what git ignores


def _ignored(part: Part) -> None:
    where = part.choose.choice([".gitignore", "exclude"])
    patterns = [f"*.{part.home}", f"{part.home}/build/", f"/{part.home}.env"]
    if where == ".gitignore":
        for pattern in patterns:
            part.line(".gitignore", pattern)
    else:
        part.do("init", lambda tree: tree.exclude(patterns))
    for path in (f"{part.home}/a.{part.home}", f"{part.home}/build/deep/out", f"{part.home}.env"):
        _, then, now = part.states(lambda: File(part.text(), part.choose.choice([0o644, 0o600])))
        part.add(path, None, then, now, is_ignored=True)


def _ignore_changes(part: Part) -> None:
    why = "other files are ignored than at the point"
    part.line(".gitignore", f"*.{part.home}", part.choose.choice(["then", "now", "base then", "now"]))
    for number in range(2):
        _, then, now = part.states(lambda: File(part.text()))
        part.add(f"{part.home}/f{number}.{part.home}", None, then, now, may_stay=why)


def _hidden_untracked(part: Part) -> None:
    part.do("init", lambda tree: tree.configure("status.showUntrackedFiles", "no"))
    why = "untracked files are hidden"
    part.do("init", lambda tree: tree.untracked_may_stay(why))
    for _ in range(2):
        _, then, now = part.states(lambda: File(part.text()))
        part.add(part.path(), None, then, now, may_stay=why)


# ------------------------------------------------------------ repositories inside


def _nested(part: Part) -> None:
    """A repository inside that git does not ignore."""
    inside = f"{part.home}/inside"
    part.stays[inside] = "in a repository inside"
    state = part.choose.choice(["base", "then", "then", "now"])
    if state == "now":
        # At the point, these were files of the working tree.
        part.add(f"{inside}/mine", None, File(part.text()), File(part.text()), may_stay="in a repository inside")
    step = _repository(part, inside, part.choose.choice(["untracked", "commit", "clean"]))
    part.do("then" if state == "base" else state, step)
    part.do("removal", step)
    part.keeps.append("a repository inside, untracked")


def _repository(part: Part, path: str, how: str) -> Step:
    """A step that makes a repository below the working tree."""
    text = part.text().decode()

    def step(tree: Tree) -> None:
        place = tree.top / path
        if how.startswith("clone"):
            place.parent.mkdir(parents=True, exist_ok=True)
            tree.git("clone", "--quiet", *(["--bare"] if "bare" in how else []), str(tree.upstream()), str(place))
        else:
            place.mkdir(parents=True, exist_ok=True)
            tree.git(
                "-C", str(place), "init", "--quiet", "--initial-branch=main", *(["--bare"] if "bare" in how else [])
            )
        inside = ("-C", str(place))
        match how:
            case "untracked" | "clone untracked":
                (place / "own").write_text(text)
            case "clone changed":
                (place / "file").write_text(text)
            case "commit" | "clone commit" | "clone detached":
                if how == "clone detached":
                    tree.git(*inside, "checkout", "--quiet", "--detach")
                (place / "own").write_text(text)
                tree.git(*inside, "add", "own")
                tree.git(*inside, "commit", "--quiet", "-m", "own")
            case "clone stash":
                (place / "file").write_text(text)
                tree.git(*inside, "stash", "push", "--quiet")
            case "clone worktree":
                tree.git(*inside, "worktree", "add", "--quiet", "--detach", str(place / "own worktree"))
                (place / "own worktree" / "file").write_text(text)
                (place / ".git/info/exclude").write_text("own worktree\n")
            case "clone merge":
                tree.git(*inside, "checkout", "--quiet", "-b", "other")
                tree.git(*inside, "update-ref", "MERGE_HEAD", "HEAD")
            case "bare commit" | "clone bare commit":
                blob = tree.git(*inside, "hash-object", "-w", "--stdin", data=text.encode())
                made = tree.git(*inside, "mktree", data=f"100644 blob {blob}\town\n".encode())
                commit = tree.git(*inside, "commit-tree", made, "-m", "own")
                tree.git(*inside, "update-ref", "refs/heads/own", commit)

    return step


# fmt: off
INSIDE: Final[dict[str, bool | None]] = {
    # Repositories in a directory that git ignores, and whether a worktree stays because of each; None for either.
    "clone": False, "clone bare": None, "clone untracked": True, "clone changed": True, "clone commit": True,
    "clone detached": True, "clone stash": True, "clone worktree": True, "commit": True, "untracked": True,
    "bare commit": True, "clone bare commit": True, "worktree": True, "hg": True, "svn": True,
}
# fmt: on


def _inside_ignored(part: Part) -> None:
    """A repository or a worktree in an ignored directory, as Claude Code's ``.claude/worktrees``."""
    top = part.choose.choice([f"{part.home}", f".{part.home}/worktrees", f"{part.home}/vendor"])
    part.line(".gitignore", f"/{top.split('/')[0]}/")
    path = f"{top}/{part.choose.choice(['lib', 'x', 'a/b'])}"
    how = part.choose.choice(list(INSIDE))
    part.add(f"{top}/beside", None, File(b"beside\n"), File(b"beside\n"), is_ignored=True)
    if INSIDE[how]:
        part.keeps.append(f"{how} in an ignored directory")
    part.may_keep = INSIDE[how] is None
    step = _repository(part, path, how)
    if how == "worktree":

        def step(tree: Tree) -> None:
            tree.git("worktree", "add", "--quiet", "--detach", str(tree.top / path))
            (tree.top / path / "own").write_text("own\n")

    elif how in {"hg", "svn"}:

        def step(tree: Tree) -> None:
            (tree.top / path / f".{how}").mkdir(parents=True)
            (tree.top / path / f".{how}" / "store").write_text("own\n")

    part.do("then", step)
    part.do("removal", step)


def _mount(part: Part) -> None:
    """A directory of somebody else's is mounted in an ignored directory: only a removal looks at that."""
    part.line(".gitignore", f"/{part.home}/")
    part.keeps.append("a mount")
    below = part.choose.choice(["", "/deep/er"])
    part.do("removal", lambda tree: tree.mount(f"{part.home}{below}"))


def _submodule(part: Part) -> None:
    path = f"{part.home}/sub"
    part.stays[path] = "a submodule"

    def base(tree: Tree) -> None:
        tree.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tree.upstream()), path)
        tree.git("commit", "--quiet", "-m", "submodule")

    part.do("commit", base)
    how = part.choose.choice(["clean", "changed", "untracked", "commit", "moved"])

    def change(tree: Tree) -> None:
        place = tree.top / path
        if how == "changed":
            (place / "file").write_text("changed inside\n")
        elif how == "untracked":
            (place / "own").write_text("own\n")
        elif how == "commit":
            tree.git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", "own submodule work")
        elif how == "moved":
            tree.try_git("-C", str(place), "checkout", "--quiet", "HEAD~1")

    part.do(part.choose.choice(["then", "now"]), change)
    part.do("removal", change)
    if how != "clean":
        part.keeps.append(f"a submodule that is {how}")


# ------------------------------------------------------------ states of the repository


def _stash(part: Part) -> None:
    path = f"{part.home}/stashed"
    part.add(path, File(b"base\n"), File(b"then\n"), File(part.text()))

    def step(tree: Tree) -> None:
        if (tree.top / path).exists():
            (tree.top / path).write_text("in the stash\n")
            tree.try_git("stash", "push", "--quiet", "--", path)
            tree.place(path, File(b"then\n"))

    part.do("then", step)


def _sparse(part: Part) -> None:
    for place in ("in", "out"):
        for number in range(2):
            text = File(part.text())
            changed = File(part.text()) if place == "in" and part.choose.random() < 0.7 else text
            part.add(f"{part.home}/{place}/f{number}", text, text, changed, may_stay="sparse" if place == "out" else "")

    def step(tree: Tree) -> None:
        kept = [each.name for each in tree.top.iterdir() if each.name not in {".git", part.home} and each.is_dir()]
        tree.git("sparse-checkout", "set", "--cone", "--skip-checks", "--", f"{part.home}/in", *kept)

    part.do("base", step)
    part.do("removal", step)


def _detached(part: Part) -> None:
    with_commit = part.choose.random() < 0.5

    def step(tree: Tree) -> None:
        tree.git("checkout", "--quiet", "--detach")
        if with_commit:
            tree.git("commit", "--quiet", "--allow-empty", "-m", "detached")

    part.do("base", step)
    part.do("removal", step)
    if with_commit:
        part.keeps.append("a commit on no branch")


def _under_way(part: Part) -> None:
    """A merge, a rebase or the like waits for the user."""
    path = f"{part.home}/conflict"
    how = part.choose.choice(["merge", "rebase", "cherry-pick", "revert", "picks", "bisect"])
    part.keeps.append(f"{how} under way")

    def begin(tree: Tree) -> None:
        tree.commit(path, b"one\nbase\nthree\n")
        here = tree.git("branch", "--show-current")
        tree.git("checkout", "--quiet", "-b", f"{part.home}-theirs")
        tree.commit(path, b"one\ntheirs\nthree\n")
        tree.commit(f"{part.home}/second", b"second\n")
        theirs = tree.git("rev-parse", "HEAD")
        tree.git("checkout", "--quiet", here)
        tree.commit(path, b"one\nours\nthree\n")
        match how:
            case "bisect":
                tree.git("bisect", "start")
                tree.git("bisect", "bad")
            case "revert":
                tree.commit(path, b"one\nlater\nthree\n")
                tree.try_git("revert", "--no-edit", "HEAD~1")
            case "picks":
                # The first one is done, and the user is about to go on with the second one.
                tree.try_git("cherry-pick", f"{theirs}~1", theirs)
                tree.place(path, File(b"one\nboth\nthree\n"))
                tree.git("add", path)
                tree.git("commit", "--quiet", "-m", "picked")
            case "cherry-pick":
                tree.try_git("cherry-pick", f"{theirs}~1")
            case _:
                tree.try_git(how, theirs)

    is_added = part.choose.random() < 0.5
    then, now = (part.choose.choice([b"one\nresolved\nthree\n", b"resolved\n", None]) for _ in range(2))

    def resolve(tree: Tree) -> None:
        if then is not None:
            tree.place(path, File(then))
            if is_added:
                tree.git("add", path)

    def go_on(tree: Tree) -> None:
        if now is not None:
            tree.place(path, File(now))

    part.do("base", begin)
    part.do("removal", begin)
    part.do("then", resolve)
    part.do("now", go_on)


def _index(part: Part) -> None:
    """The index has what neither the commit nor the files have."""
    paths = [f"{part.home}/staged{number}" for number in range(4)]
    kinds = part.choose.sample(["staged", "intent", "removed", "dropped"], 2)
    part.may_refuse = "a deletion is staged" if {"removed", "dropped"}.intersection(kinds) else ""
    for path, kind in zip(paths, kinds, strict=False):
        in_commit = kind in {"removed", "dropped"}
        text = File(part.text())
        then: Content = None if kind == "removed" else File(part.text())
        part.add(path, text if in_commit else None, then, part.choose.choice([then, File(part.text()), None]))

    def step(tree: Tree) -> None:
        for path, kind in zip(paths, kinds, strict=False):
            is_there = os.path.lexists(tree.top / path)
            if kind == "staged" and is_there:
                tree.git("update-index", "--add", "--cacheinfo", f"100644,{tree.blob(b'only staged')},{path}")
            elif kind == "intent" and is_there:
                tree.try_git("add", "-N", "--", path)
            elif kind in {"removed", "dropped"}:
                tree.git("rm", "--quiet", "--cached", "--ignore-unmatch", "--", path)

    part.do("then", step)


def _marks(part: Part) -> None:
    """Files that git is told not to look at."""
    mark = part.choose.choice(["--skip-worktree", "--assume-unchanged"])
    path = f"{part.home}/conf.py"
    why = "marked in the index"
    if part.choose.random() < 0.5:
        # It was added after the point.
        key = File(b"key = 'secret'\n")
        part.add(path, None, None, File(b"key = ''\n"), may_stay=why)

        def step(tree: Tree) -> None:
            if os.path.lexists(tree.top / path):
                tree.try_git("add", "--", path)
                tree.try_git("update-index", mark, "--", path)
                tree.place(path, key)

        part.do("now", step)
    else:
        part.add(path, File(b"key = ''\n"), File(b"key = ''\n"), File(b"key = ''\n"), may_stay=why)
        then, now = (part.choose.choice([File(b"key = 'a'\n"), File(b"key = 'bb'\n"), None]) for _ in range(2))

        def mark_it(tree: Tree) -> None:
            if os.path.lexists(tree.top / path):
                tree.try_git("update-index", mark, "--", path)
                tree.place(path, then)

        part.do("then", mark_it)
        part.do("now", lambda tree: tree.place(path, now))
        part.do("removal", mark_it)
        if then is not None:
            part.keeps.append("a marked file that is changed")


def _commits(part: Part) -> None:
    """The agent has committed since the point."""
    for _ in range(2):
        part.add(part.path(), *part.states(lambda: File(part.text())))

    def step(tree: Tree) -> None:
        tree.try_git("add", "--all", "--ignore-errors")
        tree.git("commit", "--quiet", "--allow-empty", "-m", "the agent's")

    part.do("now", step)


def _branches(part: Part) -> None:
    """Another branch was checked out since the point."""
    for _ in range(2):
        part.add(part.path(), *part.states(lambda: File(part.text())))
    part.do("now", lambda tree: tree.git("checkout", "--quiet", "-b", part.home))


def _own_commit(part: Part) -> None:
    part.add(part.path(), *part.states(lambda: File(part.text())))
    part.do("removal", lambda tree: tree.git("commit", "--quiet", "--allow-empty", "-m", "own"))
    part.keeps.append("a commit on no other branch")


def _locked(part: Part) -> None:
    part.do("removal", lambda tree: tree.git("worktree", "lock", str(tree.top)))
    part.keeps.append("a lock")


def _untracked(part: Part) -> None:
    path = part.path()
    part.add(path, None, File(part.text()), File(part.text()))
    part.do("removal", lambda tree: tree.place(path, File(b"untracked\n")))
    part.keeps.append("an untracked file")


def _unborn(part: Part) -> None:
    part.has_commit = False
    _plain(part)


def _below(part: Part) -> None:
    """The chat's directory is below the top, and may lose all its files."""
    part.below = f"{part.home}/chat"
    part.add(f"{part.below}/kept", File(b"kept\n"), File(b"kept\n"), File(b"kept\n"))
    part.add(f"{part.below}/own", *part.states(lambda: File(part.text())))


def _through_link(part: Part) -> None:
    part.through_link = True
    _plain(part)


def _worktree(part: Part) -> None:
    part.in_worktree = True
    _plain(part)


def _sha256(part: Part) -> None:
    part.options.append("--object-format=sha256")
    _plain(part)


def _index_format(part: Part) -> None:
    setting = part.choose.choice(
        [
            ("index.version", "4"),
            ("core.splitIndex", "true"),
            ("core.untrackedCache", "true"),
            ("index.skipHash", "true"),
        ]
    )
    part.do("init", lambda tree: tree.configure(*setting))
    _plain(part)


# ------------------------------------------------------------ what git writes in another way than it is


def _attribute(part: Part, pattern: str, attributes: str, states: str = "base then now") -> None:
    """Give files an attribute, in one of the places for that."""
    where = part.choose.choice([".gitattributes", ".gitattributes", "own", "info", "user"])
    if where == "own" and states == "base then now":
        line = File(f"{pattern} {attributes}\n".encode())
        part.entries.append(Entry(f"{part.home}/.gitattributes", line, line, line))
    elif where == "info" and states == "base then now":
        part.do("init", lambda tree: tree.attribute(f"{pattern} {attributes}"))
    elif where == "user" and states == "base then now":
        part.do("init", lambda tree: tree.attribute(f"{pattern} {attributes}", is_users=True))
    else:
        part.line(".gitattributes", f"{pattern} {attributes}", states)


def _lossy_filter(part: Part) -> None:
    """A filter of the user's that takes something out, as nbstripout does."""
    part.is_ruled = True
    part.do("init", lambda tree: tree.configure(f"filter.{part.home}.clean", "sed /^out/d", is_users=True))
    _attribute(part, f"*.{part.home}", f"filter={part.home}")

    def make() -> Content:
        return File(part.text() + b"out %d\n" % part.choose.randrange(10**6))

    for _ in range(2):
        _, then, now = part.states(make)
        part.add(f"{part.home}/n{part._count}.{part.home}", File(part.text()), then, now, may_stay="its filter")
    if part.entries and part.choose.random() < 0.5:
        first = part.entries[-1]
        part.do("removal", lambda tree: tree.place(first.path, File(cast(File, first.base).data + b"out of a run\n")))
        part.keeps.append("what a filter leaves out")


def _exact_filter(part: Part) -> None:
    part.is_ruled = True

    def configure(tree: Tree) -> None:
        for way in ("clean", "smudge"):
            tree.configure(f"filter.{part.home}.{way}", "tr A-Za-z N-ZA-Mn-za-m", is_users=True)

    part.do("init", configure)
    _attribute(part, f"*.{part.home}", f"filter={part.home}")
    for _ in range(2):
        part.add(f"{part.home}/r{part._count}.{part.home}", *part.states(lambda: File(part.text())))


def _repository_filter(part: Part) -> None:
    """A filter that only the repository names."""

    part.is_ruled = True

    def configure(tree: Tree) -> None:
        tree.configure(f"filter.{part.home}.clean", "sed s/line/LINE/")
        tree.own_filters.append(part.home)

    part.do("commit", configure)
    part.line(".gitattributes", f"*.{part.home} filter={part.home}")
    part.may_refuse = "such a file is never written"
    for _ in range(2):
        base, then, now = part.states(lambda: File(part.text()))
        part.add(f"{part.home}/q{part._count}.{part.home}", base, then, now, may_stay="a filter of the repository")


def _line_ends(part: Part, text: bytes) -> bytes:
    how = part.choose.choice(["lf", "crlf", "crlf", "mixed"])
    lines = text.splitlines()
    ends = {"lf": [b"\n"], "crlf": [b"\r\n"], "mixed": [b"\n", b"\r\n"]}[how]
    return b"".join(line + ends[number % len(ends)] for number, line in enumerate(lines))


def _auto(part: Part) -> None:
    part.is_ruled = True
    how = part.choose.choice(["text=auto", "text", "autocrlf=true", "autocrlf=input", "text=auto eol=lf"])
    if how.startswith("autocrlf"):
        part.do("init", lambda tree: tree.configure("core.autocrlf", how.partition("=")[2]))
        part.do("init", lambda tree: tree.text_may_stay("core.autocrlf"))
    else:
        _attribute(part, f"*.{part.home}", how)
    for _ in range(2):
        base, then, now = part.states(lambda: File(_line_ends(part, part.text())))
        part.add(f"{part.home}/t{part._count}.{part.home}", base, then, now, may_stay="its line ends")


def _crlf(part: Part) -> None:
    part.is_ruled = True
    _attribute(part, f"*.{part.home}", "text eol=crlf")
    for _ in range(2):
        base, then, now = part.states(lambda: File(_line_ends(part, part.text())))
        is_exact = all(b"\n" not in each.data.replace(b"\r\n", b"") for each in (then, now) if isinstance(each, File))
        part.add(
            f"{part.home}/w{part._count}.{part.home}", base, then, now, may_stay="" if is_exact else "its line ends"
        )


def _ident(part: Part) -> None:
    part.is_ruled = True
    _attribute(part, f"*.{part.home}", "ident")

    def make() -> Content:
        return File(part.text() + part.choose.choice([b"$Id$\n", b"$Id: mine %d $\n" % part.choose.randrange(999)]))

    for _ in range(2):
        base, then, now = part.states(make)
        part.add(f"{part.home}/i{part._count}.{part.home}", base, then, now, may_stay="its identification")


def _encoding(part: Part) -> None:
    part.is_ruled = True
    name = part.choose.choice(["UTF-16", "UTF-16LE-BOM", "UTF-16BE", "ISO-8859-1"])
    _attribute(part, f"*.{part.home}", f"text working-tree-encoding={name}")
    codec = {"UTF-16LE-BOM": "utf-16", "UTF-16": "utf-16", "UTF-16BE": "utf-16-be"}.get(name, "latin-1")

    def make() -> Content:
        return File((part.text().decode() + "é\n").encode(codec))

    for _ in range(2):
        base, then, now = part.states(make)
        part.add(f"{part.home}/e{part._count}.{part.home}", base, then, now, may_stay="its encoding")


def _attributes_change(part: Part) -> None:
    """Other rules hold for a file now than at the point."""
    part.is_ruled = True
    attributes = part.choose.choice(["text eol=crlf", "text", "ident", "-text", "text=auto"])
    _attribute_line = part.choose.choice(["then", "now", "base then"])
    part.line(".gitattributes", f"*.{part.home} {attributes}", _attribute_line)
    for _ in range(2):
        base, then, now = part.states(lambda: File(_line_ends(part, part.text())))
        part.add(f"{part.home}/c{part._count}.{part.home}", base, then, now, may_stay="other attributes")


LFS: Final = """#!/bin/sh
# Cleans as Git LFS does, and fetches nothing.
whole=$(mktemp)
cat >"$whole"
place() {
    echo "$(git rev-parse --git-common-dir)/lfs/objects/$(echo "$1" | cut -c1-2)/$(echo "$1" | cut -c3-4)"
}
if [ "$1" = smudge ]; then
    oid=$(sed -n 's/^oid sha256://p' "$whole")
    if [ "$GIT_LFS_SKIP_SMUDGE" = 1 ] || [ ! -f "$(place "$oid")/$oid" ]; then
        cat "$whole"
    else
        cat "$(place "$oid")/$oid"
    fi
elif grep -q '^version https://git-lfs' "$whole"; then
    cat "$whole"
else
    oid=$(sha256sum <"$whole" | cut -c1-64)
    mkdir -p "$(place "$oid")"
    cp "$whole" "$(place "$oid")/$oid"
    printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' "$oid" "$(wc -c <"$whole")"
fi
rm "$whole"
"""


def _lfs(part: Part) -> None:
    """Files of Git LFS; the rule for them may be there only at the point, or only now."""

    part.is_ruled = True

    def configure(tree: Tree) -> None:
        program = tree.root / "lfs"
        if not program.exists():
            program.write_text(LFS)
            program.chmod(0o755)
            (tree.main / ".git/lfs").mkdir()
        for way in ("clean", "smudge"):
            tree.configure("filter.lfs." + way, f"{program} {way}", is_users=True)

    part.do("init", configure)
    states = part.choose.choice(["base then now", "then", "base then", "then now"])
    part.line(".gitattributes", f"*.{part.home} filter=lfs -text", states)
    if "now" not in states:
        part.may_refuse = "git still takes the rule from the index, as long as it is there"
    base_too = "base" in states
    for _ in range(2):
        base, then, now = part.states(lambda: File(part.text()))
        path = f"{part.home}/l{part._count}.{part.home}"
        part.add(path, base if base_too else None, then, now if "now" in states else part.choose.choice([None, now]))


# fmt: off
FEATURES: Final[dict[str, Callable[[Part], None]]] = {
    "plain": _plain, "names": _names, "links": _links, "modes": _modes, "directory-modes": _directory_modes,
    "swap": _swap, "swap-with-ignored": _swap_with_ignored, "executable": _executable, "file-mode-off": _file_mode_off,
    "large": _large, "ignored": _ignored, "ignore-changes": _ignore_changes, "hidden-untracked": _hidden_untracked,
    "nested": _nested, "inside-ignored": _inside_ignored, "mount": _mount, "submodule": _submodule, "stash": _stash,
    "sparse": _sparse, "detached": _detached, "under-way": _under_way, "index": _index, "marks": _marks,
    "commits": _commits, "branches": _branches, "own-commit": _own_commit, "locked": _locked, "untracked": _untracked,
    "unborn": _unborn, "below": _below, "through-link": _through_link, "worktree": _worktree, "sha256": _sha256,
    "index-format": _index_format, "lossy-filter": _lossy_filter, "exact-filter": _exact_filter,
    "repository-filter": _repository_filter, "auto": _auto, "crlf": _crlf, "ident": _ident, "encoding": _encoding,
    "attributes-change": _attributes_change, "lfs": _lfs,
}
# fmt: on

ALONE: Final = {"under-way", "detached", "stash", "sparse", "unborn", "branches", "below", "commits"}
"""Of these, a tree has one at most: each moves HEAD or the index in a way that others do not expect."""

APART: Final = {
    frozenset({"sha256", "submodule"}),
    frozenset({"unborn", "submodule"}),
    frozenset({"unborn", "inside-ignored"}),
    frozenset({"own-commit", "detached"}),
    frozenset({"own-commit", "under-way"}),
}
"""Features that git does not have together."""

NOT_HERE: Final = {
    # Where a feature cannot be, and why.
    ("mount", "all but rm"): "what is mounted is a directory like any other",
    ("unborn", "rm"): "a repository without commits has no worktrees",
    ("below", "rm"): "a worktree is removed as a whole",
    ("through-link", "rm"): "a worktree's path has no links",
    ("worktree", "rm"): "each is one",
    ("branches", "rm"): "the worktree's own branch is checked out",
}

NEVER_DONE: Final = {
    # Where nothing is ever done, and why. "all" stands for whatever disturbs it, and for each feature.
    ("all", "discard", "kill"): "an action on one file that is killed is no more than begun",
    ("all", "take-back", "kill"): "an action on one file that is killed is no more than begun",
    ("commits", "discard", "all"): "it has commits, and no change",
    ("commits", "undo-discard", "all"): "it has commits, and no change",
    ("inside-ignored", "rm", "save"): "what is saved beside a repository inside keeps the worktree",
    ("lossy-filter", "discard", "save"): "what a filter leaves out stays, and a save refuses the rest",
    # On one file, a full disk or a save refuses the action at nearly every call: none of about 20 cases went through.
    ("lossy-filter", "undo-take-back", "full"): "refused",
    ("auto", "undo-take-back", "full"): "refused",
    ("nested", "undo-discard", "full"): "refused",
    ("marks", "discard", "full"): "refused",
    ("branches", "undo-take-back", "save"): "refused",
    ("ident", "restore", "kill"): "a restore that is killed is done only if the kill comes at its last calls",
    ("mount", "rm", "all"): "a worktree with a mount stays",
    ("nested", "rm", "all"): "a worktree with a repository that git does not ignore stays",
    ("under-way", "rm", "all"): "a worktree with something under way stays",
    ("own-commit", "rm", "all"): "a worktree with a commit of its own stays",
    ("locked", "rm", "all"): "a locked worktree stays",
    ("untracked", "rm", "all"): "a worktree with an untracked file stays",
}
