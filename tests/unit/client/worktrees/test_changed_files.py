"""Reading the output of git diff: any names and any patches, cut off anywhere."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.client.worktrees.changes import ChangedFile, State, read_diff

LETTERS: dict[str, State] = {"A": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "type"}
MODES = {
    "A": ("000000", "100644"), "D": ("100755", "000000"), "M": ("100644", "100755"), "R": ("100644", "100644"),
    "T": ("100644", "120000"),
}  # fmt: skip

names = st.text(
    st.characters(exclude_categories=[], exclude_characters="\0"), min_size=1, max_size=12
)  # also line ends, quotes, and lone surrogates
texts = st.sampled_from(["", "x", "diff --git a/x b/x", "@@ -1 +1 @@", "-- a", "\0", "é"])
lines = st.lists(st.tuples(st.sampled_from("+- "), texts), min_size=1, max_size=5)


class FileDiff(NamedTuple):
    """One file of a diff."""

    letter: str
    name: str
    old_path: str
    body: list[tuple[str, str]] | None
    """The lines of its hunk, by sign and text; None for a binary file."""

    @property
    def counts(self) -> tuple[int, int]:
        signs = [sign for sign, _ in self.body or ()]
        return signs.count("+"), signs.count("-")

    @property
    def hunk(self) -> str:
        return "@@ -1,9 +1,9 @@\n" + "".join(f"{sign}{text}\n" for sign, text in self.body or ())

    @property
    def raw(self) -> str:
        path = f"{self.old_path}\0{self.name}" if self.letter == "R" else self.name
        score = "095" if self.letter == "R" else ""
        return f":{' '.join(MODES[self.letter])} 1234567 0000000 {self.letter}{score}\0{path}\0"

    @property
    def numbers(self) -> str:
        added, removed = self.counts if self.body is not None else ("-", "-")
        path = f"\0{self.old_path}\0{self.name}" if self.letter == "R" else self.name
        return f"{added}\t{removed}\t{path}\0"

    @property
    def patch(self) -> str:
        head = 'diff --git "a/?" "b/?"\nindex 1234567..89abcde\n'
        body = "Binary files a/? and b/? differ\n" if self.body is None else f"--- a/?\n+++ b/?\n{self.hunk}"
        return (head + body) * (2 if self.letter == "T" else 1)

    @property
    def read(self) -> ChangedFile:
        added, removed = self.counts
        before, after = (mode.replace("000000", "") for mode in MODES[self.letter])
        times = 2 if self.letter == "T" else 1
        return ChangedFile(
            path=self.name, old_path=self.old_path if self.letter == "R" else "", state=LETTERS[self.letter],
            added=added, removed=removed, modes=(before, after),
            patch="" if self.body is None else self.hunk * times, withheld="binary" if self.body is None else "",
        )  # fmt: skip


made_files = st.lists(
    st.builds(FileDiff, st.sampled_from(sorted(LETTERS)), names, names, st.none() | lines), min_size=1, max_size=4
)  # fmt: skip


def printed(files: list[FileDiff]) -> str:
    """The output of git for these files."""
    parts = ([file.raw for file in files], [file.numbers for file in files], ["\0"], [file.patch for file in files])
    return "".join("".join(part) for part in parts)


@given(made_files)
def test_each_file_has_its_own_name_numbers_and_patch(files: list[FileDiff]) -> None:
    assert read_diff(printed(files)) == [file.read for file in files]


@given(made_files, st.data())
def test_of_a_diff_that_is_cut_off_all_whole_patches_are_read(files: list[FileDiff], data: st.DataObject) -> None:
    whole = printed(files)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    diffs = read_diff(cut, is_cut=True)
    expected = [file.read for file in files]
    assert [file.path for file in diffs] == [file.path for file in expected[: len(diffs)]]
    for file, entire in zip(diffs, expected, strict=False):
        assert file.withheld == "limit" or file == entire
    if len(cut) > len(whole) - len(files[-1].patch) + len("diff --git "):
        assert diffs[:-1] == expected[:-1]


@given(st.text() | st.text(alphabet=":01 AMRT\0\t\n-").map(lambda text: f":{text}"))
def test_anything_else_is_refused(text: str) -> None:
    try:
        read_diff(text)
    except ValueError:
        return
    assert not text or text.startswith(":")


def test_invalid_utf8_is_replaced_in_patches_and_kept_in_names() -> None:
    file = FileDiff("M", "caf\udce9", "", [("+", "caf\udce9")])
    [diff] = read_diff(printed([file]))
    assert (diff.path, diff.patch) == ("caf\udce9", "@@ -1,9 +1,9 @@\n+caf\ufffd\n")


@pytest.mark.parametrize(("line", "withheld"), [("x" * (1 << 20), "large"), ("x" * 1000, "")])
def test_a_patch_that_is_too_long_is_left_out_and_its_numbers_stay(line: str, withheld: str) -> None:
    [diff] = read_diff(printed([FileDiff("M", "a", "", [("+", line)])]))
    assert (diff.withheld, diff.added, not diff.patch) == (withheld, 1, bool(withheld))
