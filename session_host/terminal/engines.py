"""The engines by name: which are installed, the best of them, and their builds; none is imported.

An installer writes a package's version into the name of a directory (``NAME-VERSION.dist-info``, "Recording installed
projects" of the packaging specifications). importlib.metadata, which reads the files there, takes as long to import as
a short command takes to run; so it is used only if the names do not suffice.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from session_host.errors import UsageError

if TYPE_CHECKING:
    from .base import EngineName

_SUFFIX = ".dist-info"


@cache
def package_directory(package: str) -> Path | None:
    """The directory of an installed package; None if there is none. Cached, since the search is slow."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


@cache
def package_version(package: str) -> str:
    """The version of a package that is distributed under its own name; "unknown" if not found."""
    directory = package_directory(package)
    if directory is None:
        return "unknown"
    found = [path.name for path in directory.parent.glob(f"{package}-*{_SUFFIX}")]
    if len(found) == 1:
        return found[0].removeprefix(f"{package}-").removesuffix(_SUFFIX)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


_DISTRIBUTIONS: dict[EngineName, str] = {"ghostty": "pyghostty", "pyte": "pyte"}
"""The engines, best first, and their packages."""

_SNAPSHOT_VERSIONS: dict[EngineName, int] = {"ghostty": 2, "pyte": 7}
"""Versions of our part of each engine's snapshot format."""


def _is_installed(engine: EngineName) -> bool:
    return package_directory(_DISTRIBUTIONS[engine]) is not None


def available_engines() -> list[EngineName]:
    """The engines that are installed, best first, without importing one."""
    return [engine for engine in _DISTRIBUTIONS if _is_installed(engine)]


def default_engine() -> EngineName:
    """The best installed engine.

    Raises:
        UsageError: no engine is installed.
    """
    engines = available_engines()
    if not engines:
        raise UsageError("no terminal engine is installed; install pyghostty or pyte")
    return engines[0]


@cache
def engine_build(engine: EngineName) -> str:
    """Engine and exact build, without importing the engine: a snapshot fits only the build that made it."""
    return f"{engine}-{package_version(_DISTRIBUTIONS[engine])}+{_SNAPSHOT_VERSIONS[engine]}"


def installed_engine(engine: EngineName | None) -> EngineName:
    """The engine of this name, or the best one for None.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
    """
    if engine is None:
        return default_engine()
    if engine not in _DISTRIBUTIONS:
        raise UsageError(f"unknown engine {engine!r}; available: {', '.join(_DISTRIBUTIONS)}")
    if not _is_installed(engine):
        raise UsageError(f"the engine {engine} needs the package {_DISTRIBUTIONS[engine]}; install it")
    return engine
