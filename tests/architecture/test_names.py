"""Types keep the tags by which other processes, and files, know them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.architecture.source_tree import REPOSITORY, python_files

TAGS = REPOSITORY / "tests" / "recordings" / "tags.txt"


def _structs(base: type[Any] = msgspec.Struct) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from _structs(each)


def _module(path: Path) -> str:
    return ".".join(path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts)


def test_what_is_sent_or_stored_has_the_tags_that_peers_and_files_have() -> None:
    """A class may get another name, but processes and files of other versions know it by its tag.

    A new class gets a line in the file; a line of the file changes for nobody who has an older version.
    """
    modules = {_module(path) for path in python_files("session_host", "gui") if path.stem != "__main__"}
    for module in modules:
        importlib.import_module(module)
    tags = {(each.__module__, each.__struct_config__.tag) for each in _structs() if each.__module__ in modules}

    lines = sorted(f"{module} {tag}" for module, tag in tags if tag is not None)

    assert lines == TAGS.read_text(encoding="utf-8").splitlines()
