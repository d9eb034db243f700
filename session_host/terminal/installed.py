"""Finds the engines' installed packages and their versions without importing them.

An installer writes a package's version into the name of a directory (``NAME-VERSION.dist-info``, "Recording installed
projects" of the packaging specifications). importlib.metadata, which reads the files there, takes as long to import as
a short command takes to run; so it is used only if the names do not suffice.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

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
