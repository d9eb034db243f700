"""Files that agents made, or may have replaced by anything, are opened by one function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import python_files, tree

OPENING = {
    *("open", "fdopen", "open_code", "FileIO", "fileinput", "linecache", "mmap", "fromfile"),
    *("read_bytes", "read_text", "write_bytes", "write_text", "copyfile", "copyfileobj", "copy2", "copytree"),
}
"""What opens a file, or reads it whole; a name, however it came into the module."""


def opens(module: ast.Module) -> Iterator[str]:
    """The places at which a module names something that opens files."""
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                names = {name}
            case ast.Call(func=ast.Name("getattr"), args=[_, ast.Constant(str(name)), *_]):
                names = {name}
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names = {part for alias in aliases for part in alias.name.split(".")}
            case _:
                continue
        for found in names & OPENING:
            yield f"{node.lineno}: {found}"


def test_agents_files_are_opened_by_one_function() -> None:
    found = [
        f"{path}:{place}"
        for path in python_files("session_host/agents/conversations", "session_host/host/watchers")
        for place in opens(tree(path))
    ]
    assert not found, "a pipe would be waited for, and a device has no end: session_host/system/files.py (open_regular)"


@pytest.mark.parametrize(
    "code",
    [
        "data = open(path).read()",
        "data = path.read_bytes()",
        "with Path(path).open('rb') as file: pass",
        "descriptor = os.open(path, os.O_RDONLY)",
        "from os import open as begin",
        "import io\nread = io.FileIO\nread(path)",
        "text = Path.read_text\ntext(path)",
        "data = getattr(path, 'read_bytes')()",
        "list(map(open, paths))",
        "import mmap",
    ],
)
def test_each_spelling_is_found(code: str) -> None:
    assert list(opens(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["with open_regular(path, LARGEST_BYTES) as file: pass", "self._open = {}", "print('open')"]
)
def test_other_names_are_not(code: str) -> None:
    assert not list(opens(ast.parse(code)))
