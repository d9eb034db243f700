"""Rules that import-linter cannot check: built-ins, lazy imports, and the modules that a start loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import imports, python_files, tree

PURE = {
    "__future__",
    "base64",
    "bisect",
    "codecs",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "math",
    "msgspec",
    "operator",
    "re",
    "string",
    "struct",
    "types",
    "typing",
    "unicodedata",
    "uuid",
    "zlib",
}
"""The foreign modules that pure code may import: none reads a clock, uses files or knows an event loop."""


OWN = {
    "session_host/protocol": ("session_host.protocol", "session_host.errors", "session_host.version"),
    "session_host/standing": (
        "session_host.standing",
        "session_host.protocol",
        "session_host.structured.markdown_line",
        "session_host.system.clock",
        "datetime",
        "signal",
    ),
    "session_host/session": (
        "session_host.session",
        "session_host.protocol",
        "session_host.errors",
        "session_host.version",
        "session_host.structured",
        "session_host.terminal.base",
        "session_host.terminal.command_line",
        "session_host.terminal.encode",
        "session_host.terminal.events",
        "session_host.terminal.rows",
        "session_host.terminal.text",
        "session_host.terminal.typed_line",
        "session_host.storage.descriptors.log_state",
        "session_host.storage.descriptors.log_entries",
    ),
    **{
        f"session_host/client/viewer/{name}.py": (
            "session_host.client.viewer.",
            "session_host.protocol",
            "session_host.terminal.base",
            "session_host.terminal.rows",
        )
        for name in (
            "answer_watch",
            "effects",
            "gate",
            "line",
            "prediction",
            "replica_progress",
            "rules",
            "state",
            "unacknowledged_input",
        )
    },
}
"""For each pure package or module, the modules of this project that it may import."""


@pytest.mark.parametrize("path", python_files(*OWN), ids=str)
def test_the_protocol_and_the_rules_of_sessions_and_viewers_are_pure(path: Path) -> None:
    [allowed] = [names for start, names in OWN.items() if path.is_relative_to(start)]
    foreign = {name for name in imports(path) if not name.startswith(allowed) and name.split(".")[0] not in PURE}
    assert not foreign, "rules do no I/O: move this to the caller"
    called = {
        node.func.id for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"open", "print", "input", "exec", "eval", "__import__"}


def test_the_protocol_and_the_rules_of_sessions_and_viewers_have_no_coroutines() -> None:
    kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [path for path in python_files(*OWN) for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def test_only_the_loop_imports_qasync() -> None:
    knowing = {
        str(path)
        for path in python_files("gui", "session_host")
        if any(name.split(".")[0] == "qasync" for name in imports(path))
    }
    assert knowing == {"gui/loop.py"}


def test_session_host_names_neither_qt_nor_the_window() -> None:
    forbidden = {"PySide6", "shiboken6", "qasync", "qtawesome", "qtpy", "gui"}
    knowing = {
        str(path): names
        for path in python_files("session_host")
        if (names := {name.split(".")[0] for name in imports(path)} & forbidden)
    }
    assert not knowing


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after ``statement``."""
    run = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in run.stdout.split()}


def test_the_command_line_starts_without_qt_and_engines() -> None:
    """An engine's import alone costs 90 ms; ``outlive ls`` has 100 ms in all."""
    assert not loaded_by("import session_host.cli") & {"PySide6", "qasync", "gui", "pyghostty", "pyte", "hypothesis"}


def test_the_protocol_loads_no_loop_and_no_sockets() -> None:
    assert not loaded_by("import session_host.protocol.messages, session_host.protocol.codec") & {
        "asyncio",
        "socket",
        "selectors",
        "subprocess",
    }
