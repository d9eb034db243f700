"""Hosts and commands run without the window's libraries, as in an installation on a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.source_tree import REPOSITORY, python_files
from tests.architecture.test_project import PROJECT, names

WITHOUT_THE_WINDOW = """
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
blocked = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""

PROGRAMS = {"__main__"}
"""Modules that run something when they are imported."""


def test_every_module_of_session_host_loads_without_the_windows_libraries() -> None:
    blocked = {"PySide6", "shiboken6", "qasync", "qtawesome", "qtpy", "gui"}
    modules = [
        ".".join(path.with_suffix("").parts) for path in python_files("session_host") if path.stem not in PROGRAMS
    ]

    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_WINDOW, ",".join(blocked), *modules],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )

    assert run.returncode == 0, run.stderr
    assert len(modules) > 100


def test_libraries_for_the_window_alone_are_an_extra() -> None:
    assert names(PROJECT["optional-dependencies"]["window"]) == {
        "pyside6-essentials",
        "qasync",
        "qtawesome",
        "qtpy",
        "pygments",
    }
    assert not names(PROJECT["dependencies"]) & names(PROJECT["optional-dependencies"]["window"])


def test_the_clones_installer_installs_the_window() -> None:
    assert "extras=window,web\n" in (REPOSITORY / Path("installers/setup.sh")).read_text("utf-8")
