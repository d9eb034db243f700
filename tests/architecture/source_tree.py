"""Lists the project's files: all files that git does not ignore, committed or not."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """The paths of all files of the project, relative to its top directory."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={REPOSITORY}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = {Path(name) for name in listing.stdout.split("\0") if name}
    return tuple(sorted(path for path in paths if (REPOSITORY / path).is_file()))


def python_files(*folders: str) -> list[Path]:
    """The Python files below the given folders; without arguments, all Python files."""
    inside = tuple(f"{folder}/" for folder in folders) or ""
    return [path for path in project_files() if path.suffix == ".py" and f"{path}/".startswith(inside)]


def text(path: Path) -> str:
    """The content of a project file."""
    return (REPOSITORY / path).read_text(encoding="utf-8")


def tree(path: Path) -> ast.Module:
    """The parsed content of a Python file."""
    return ast.parse(text(path), filename=str(path))


@cache
def docstring(path: Path) -> str:
    """A module's docstring, or ""."""
    return ast.get_docstring(tree(path)) or ""


@cache
def imports(path: Path) -> frozenset[str]:
    """The dotted names that a file imports, with relative imports resolved."""
    package = list(path.parent.parts)
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(found)
