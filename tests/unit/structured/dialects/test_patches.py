"""Unified diffs of two texts."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from session_host.structured.dialects import patches
from session_host.structured.dialects.patches import unified_patch

_TEXTS = st.lists(st.sampled_from(["a", "b", "", "c d"]), max_size=30).map("\n".join)


def patched(directory: Path, old: str, patch: str) -> str:
    """Apply a patch with ``patch``; returns the resulting text."""
    path = directory / "file"
    path.write_text(old, encoding="utf-8")
    whole = f"--- file\n+++ file\n{patch}"
    subprocess.run(["git", "apply", "-p0", "--unidiff-zero"], input=whole, text=True, check=True, cwd=directory)
    return path.read_text(encoding="utf-8")


def test_a_patch_makes_the_new_text(tmp_path: Path) -> None:
    cases = [
        ("one\ntwo\nthree\n", "one\n2\nthree\n"),
        ("".join(f"{n}\n" for n in range(40)), "".join(f"{n if n % 15 else 'x'}\n" for n in range(40))),
        ("no end", "no end\n"),
        ("a\nb", "a\nb\nc\n"),
        ("", "new"),
        ("same\n" * 20 + "x\n", "same\n" * 21 + "x\n"),
    ]
    for old, new in cases:
        assert patched(tmp_path, old, unified_patch(old, new)) == new


@given(_TEXTS, _TEXTS)
def test_a_patch_has_each_removed_and_added_line(old: str, new: str) -> None:
    lines = unified_patch(old, new).splitlines()
    removed = sum(line.startswith("-") for line in lines)
    added = sum(line.startswith("+") for line in lines)
    count = len(new.removesuffix("\n").split("\n")) * bool(new) - len(old.removesuffix("\n").split("\n")) * bool(old)
    assert added - removed == count
    assert bool(lines) == (old != new)


def test_a_patch_of_a_part_of_a_file_has_no_note_about_its_end(tmp_path: Path) -> None:
    assert unified_patch("two", "2") == "@@ -1 +1 @@\n-two\n+2\n"
    assert unified_patch("", "2") == "@@ -0,0 +1 @@\n+2\n\\ No newline at end of file\n"


def test_a_part_too_large_to_compare_is_replaced_completely(tmp_path: Path) -> None:
    limit = patches.MAX_COMPARED_LINES
    old = "begin\n" + "".join(f"{n}\n" for n in range(limit)) + "end\n"
    new = "begin\n" + "".join(f"{n + 1 if n % 2 else n}x\n" for n in range(limit)) + "end\n"
    patch = unified_patch(old, new)
    assert patch.count("@@ -") == 1
    assert patched(tmp_path, old, patch) == new
