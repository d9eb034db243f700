"""A word names one type; a type with another name than before keeps the tag by which processes and files know it."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.architecture.source_tree import REPOSITORY, python_files, text, tree

TAGS = REPOSITORY / "tests" / "recordings" / "tags.txt"

PRODUCT = ("session_host", "gui", "resources", "installers")

OWNERS = {
    "Answer": "session_host/cli/turns/reading.py",
    "Asked": "session_host/protocol/events.py",
    "Done": "session_host/protocol/messages.py",
    "Line": "session_host/client/viewer/line.py",
    "Outcome": "session_host/protocol/facts.py",
    "Right": "session_host/protocol/rights.py",
    "Text": "gui/wording/text.py",
    "Turn": "",
    "TurnEnded": "session_host/protocol/events.py",
}
"""Words that had several meanings, and the file that defines the type with this name; "" for none."""


def _defined(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives to types: of a class, an alias, or an import under another name."""
    match node:
        case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.ImportFrom(names=names) | ast.Import(names=names):
            yield from (alias.asname for alias in names if alias.asname)


def test_each_of_these_words_names_one_type() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    words = re.compile(rf"\b({'|'.join(OWNERS)})\b")
    for path in python_files(*PRODUCT):
        for node in ast.walk(tree(path)) if words.search(text(path)) else ():
            for name in _defined(node):
                found[name].append(str(path))
    assert {word: found[word] for word in OWNERS} == {word: [path] if path else [] for word, path in OWNERS.items()}


def _structs(base: type[Any] = msgspec.Struct) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from _structs(each)


def _module(path: Path) -> str:
    return ".".join(path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts)


@pytest.mark.registrations
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
