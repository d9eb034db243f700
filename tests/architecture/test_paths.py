"""The paths of a key, of output and of an answer: each file names its step, and ARCHITECTURE.md lists the same steps.

A file on a path names its step in its docstring ("Key path, 3 of 9"); ARCHITECTURE.md lists the steps in the same
order.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY, docstring, python_files, text

STEP = re.compile(r"\b(Key|Output|Answer) path,\s+(\d+)\s+of\s+(\d+)")
HEADINGS = {name: re.compile(rf"^#+ .*{name}", re.IGNORECASE) for name in ("Key", "Output", "Answer")}


def steps(name: str) -> list[tuple[int, int, Path]]:
    """The steps of a path in order, each as (number, stated count of steps, file)."""
    return sorted(
        (int(number), int(of), path)
        for path in python_files("session_host", "gui")
        for which, number, of in STEP.findall(docstring(path))
        if which == name
    )


@pytest.mark.parametrize("name", list(HEADINGS))
def test_the_steps_are_numbered_without_gaps(name: str) -> None:
    found = steps(name)
    listing = "\n".join(f"{number} of {of}: {path}" for number, of, path in found)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1)), listing
    assert {of for _, of, _ in found} == {len(found)}, listing


@pytest.mark.parametrize("name", list(HEADINGS))
def test_the_architecture_page_lists_the_same_steps(name: str) -> None:
    assert (REPOSITORY / "ARCHITECTURE.md").is_file()
    section = section_of(text(Path("ARCHITECTURE.md")), HEADINGS[name])
    assert section, f"ARCHITECTURE.md has no heading for the {name.lower()} path"
    place = 0
    for number, _, path in steps(name):
        found = section.find(str(path), place)
        assert found >= 0, f"step {number}, {path}, is missing or out of order"
        place = found + 1


def section_of(page: str, heading: re.Pattern[str]) -> str:
    """The text below the last matching heading, up to the next heading."""
    section: list[str] = []
    inside = False
    for line in page.splitlines():
        if line.startswith("#"):
            inside = bool(heading.search(line))
            section = [] if inside else section
        elif inside:
            section.append(line)
    return "\n".join(section)


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "DECISIONS.md"])
def test_every_file_that_a_page_for_developers_names_exists(page: str) -> None:
    named = set(re.findall(r"\b((?:session_host|gui|tests|installers|resources)/[\w./-]*\w)", text(Path(page))))
    missing = [name for name in named if "NAME" not in name and not (REPOSITORY / name).exists()]
    assert not missing, f"{page} names files that do not exist: correct it"
