"""Modules do not import each other in a circle, also not for types alone."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.source_tree import imports, python_files


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, modules: set[str]) -> set[str]:
    """The modules that a file imports. A package above it counts if the file imports a name defined there."""
    importer = _module(path)
    found = {name for name in imports(path) if name in modules and not importer.startswith(f"{name}.")}
    found |= {name.rpartition(".")[0] for name in imports(path) if name not in modules} & modules
    return found - {importer}


@pytest.mark.parametrize("top_package", ["session_host", "gui"])
def test_no_modules_import_each_other(top_package: str) -> None:
    paths = python_files(top_package)
    modules = {_module(path) for path in paths}
    try:
        TopologicalSorter({_module(path): _imported(path, modules) for path in paths}).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other in a circle: {' <- '.join(error.args[1])}")
