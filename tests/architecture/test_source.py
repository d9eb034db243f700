"""Rules for every source file; CONTRIBUTING.md describes them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import docstring, project_files, python_files, text, tree

MAY_SLEEP = {
    "tests/support/waiting.py",
    "tests/integration/test_limit_at_random.py",
    "tests/integration/cli/test_reports_at_random.py",
    "tests/integration/web/test_answers.py",
}
"""The module that waits on behalf of all tests; tests that kill, or answer, at random moments."""

SLEEPS = {"sleep", "msleep", "usleep", "qWait", "qSleep"}


@pytest.mark.parametrize("top_package", ["session_host", "gui"])
def test_every_package_has_a_docstring_with_its_purpose(top_package: str) -> None:
    packages = {path.parent for path in python_files(top_package)}
    assert packages, f"{top_package} is empty"
    without = [package for package in packages if package / "__init__.py" not in python_files(top_package)]
    assert not without, "folders with code need an __init__.py"
    silent = [package for package in packages if len(docstring(package / "__init__.py")) < 40]
    assert not silent, "each package says why it exists, and what it must not know"


@pytest.mark.parametrize("top_package", ["session_host", "gui"])
def test_every_module_has_a_docstring(top_package: str) -> None:
    silent = [str(path) for path in python_files(top_package) if text(path).strip() and not docstring(path)]
    assert not silent, "begin each file with a docstring that says what it is or does"


SECTION = re.compile(r"^(Attributes|Signals|Args)[^\n]*:\n((?:    .*(?:\n|$)|\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+(?:, \w+)*)(?:\([^)]*\))?:", re.MULTILINE)


@pytest.mark.parametrize("top_package", ["session_host", "gui"])
def test_names_listed_in_docstrings_exist_in_the_code(top_package: str) -> None:
    """A docstring must not keep the previous name of a renamed attribute, signal or parameter."""
    found = []
    for path in python_files(top_package):
        if not any(f"{title}:" in text(path) for title in ("Attributes", "Signals", "Args")):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                sections = SECTION.findall(ast.get_docstring(node) or "")
                listed = [name for _, lines in sections for names in ENTRY.findall(lines) for name in names.split(", ")]
                known = _names(node) if listed else set()
                found += [f"{path}:{node.lineno}: {name}" for name in listed if name not in known]
    assert not found, "there is no such name:\n" + "\n".join(found)


def _names(node: ast.AST) -> set[str]:
    """The names of variables, attributes, parameters and functions in a class or function."""
    names = (getattr(each, field, None) for each in ast.walk(node) for field in ("id", "attr", "arg", "name"))
    return {name for name in names if isinstance(name, str)}


def test_code_has_the_form_of_the_formatter() -> None:
    skip = "fmt: " + "skip"
    found = [str(path) for path in python_files("session_host", "gui", "tests", "installers") if skip in text(path)]
    assert not found, "only whole tables keep their own form, between fmt: off and fmt: on"


def test_nothing_is_called_utils() -> None:
    vague = {"util", "utils", "helper", "helpers", "misc", "common"}
    found = [str(path) for path in project_files() if vague & {part.removesuffix(".py") for part in path.parts}]
    assert not found, "name a file after what it does"


def test_resources_are_data() -> None:
    assert not python_files("resources")


def test_the_top_level_is_kept_small() -> None:
    folders = {path.parts[0] for path in project_files() if len(path.parts) > 1}
    assert folders == {"session_host", "gui", "resources", "tests", "installers", ".ci", ".github"}, (
        "put new folders into one of these"
    )


# The brackets keep the patterns from matching this file.
MACHINE = re.compile(r"(?<![\w.])/(w[o]rk|f[a]rm|r[o]ot)/[A-Za-z.]|(?<!\w)/t[m]p/(v|plan)/")
ADDRESS = re.compile(
    r"p[y]pi\.org|p[y]thonhosted|registry\.n[p]mjs|--i[n]dex-url|--e[x]tra-index|--f[i]nd-links|P[I]P_(INDEX|EXTRA|FIND)"
)
TEXTS = [path for path in project_files() if path.suffix not in {".png", ".bin", ".gz", ".qm", ".ttf", ".ico"}]


@pytest.mark.parametrize("pattern", [MACHINE, ADDRESS], ids=["path of one machine", "address of a package index"])
def test_no_file_has_paths_or_addresses_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in TEXTS
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def waits_for_time(path: Path) -> list[str]:
    """The calls that sleep; a sleep of 0 s is allowed, since it only lets other tasks run."""
    found: list[str] = []
    if not any(name in text(path) for name in SLEEPS):
        return found
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        only_yields = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if name in SLEEPS and not only_yields:
            found.append(f"{path}:{node.lineno}: {name}")
    return found


def test_no_test_sleeps() -> None:
    apart = ("tests/fakes", "tests/programs", "tests/benchmarks", "tests/kills")  # these are slow, or measure it
    tests = [
        path
        for path in python_files("tests")
        if str(path) not in MAY_SLEEP and not any(path.is_relative_to(folder) for folder in apart)
    ]
    found = [line for path in tests for line in waits_for_time(path)]
    assert not found, "wait for what is needed (tests/support/waiting.py):\n" + "\n".join(found)


def test_a_command_that_waits_for_a_turn_waits_for_events() -> None:
    found = [line for path in python_files("session_host/cli/turns") for line in waits_for_time(path)]
    assert not found


SHOWS_HTML = {
    r"\bQLabel\(|\(QLabel\)": {"gui/theme/controls.py"},
    r"\.setToolTip\(": {"gui/theme/tooltips.py", "gui/tray/tray.py"},
    r"\bQToolTip\.showText\(": {"gui/theme/tooltips.py"},
    r"\bToolTipRole\b": {"gui/window/sidebar/model.py", "gui/window/sidebar/delegate.py"},
    r"\b(QTextBrowser|QMessageBox|QErrorMessage|QProgressDialog|QInputDialog|QStaticText|QWhatsThis)\b": set(),
    r"\.(setStatusTip|setWhatsThis|setHtml|insertHtml|appendHtml|setMarkdown|insertMarkdown)\(": set(),
}
"""Functions that take HTML, or guess whether a text is HTML; files use them for texts that they escape."""


def test_no_text_is_shown_as_html() -> None:
    """Qt renders such a text, and reads the files that it names; a pipe among them stops the window for ever."""
    found = [
        f"{path}: {match[0]}"
        for path in python_files("gui")
        for pattern, allowed in SHOWS_HTML.items()
        if str(path) not in allowed
        for match in re.finditer(pattern, text(path))
    ]
    assert not found, "use set_tooltip, show_tooltip or PlainLabel of gui.theme:\n" + "\n".join(found)


def test_a_host_does_blocking_work_in_workers_only() -> None:
    """The allowed way is ``system.worker.Worker``, since its threads end."""
    others = {"to_thread", "run_in_executor", "ThreadPoolExecutor", "start_new_thread", "Thread"}
    found = [
        f"{path}:{node.lineno}"
        for path in python_files("session_host/host", "session_host/session")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in others
    ]
    assert not found, "use session_host.system.worker.Worker for blocking work in a host"


@pytest.mark.parametrize("top_package", ["session_host", "gui"])
def test_no_bare_create_task(top_package: str) -> None:
    """A task without a reference may be garbage-collected while it runs, and its error is lost."""
    found = [
        f"{path}:{node.lineno}"
        for path in python_files(top_package)
        if "create_task" in text(path) or "ensure_future" in text(path)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and (
            (isinstance(node.value.func, ast.Attribute) and node.value.func.attr in {"create_task", "ensure_future"})
            or (isinstance(node.value.func, ast.Name) and node.value.func.id in {"create_task", "ensure_future"})
        )
        and not _is_of_a_group(node.value)
    ]
    assert not found, "keep the task, or give it to an owner: " + ", ".join(found)


def _is_of_a_group(call: ast.Call) -> bool:
    """Whether the call is ``group.create_task``: a TaskGroup keeps and awaits its tasks."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(receiver, ast.Name | ast.Attribute) and "group" in ast.unparse(receiver).lower()


READS = re.compile(r"clipboard\(\)\.(text|mimeData|image|pixmap)\(|createStandardContextMenu")


def test_every_menu_gives_each_entry_a_letter_of_its_own() -> None:
    found = [str(path) for path in python_files("gui") if re.search(r"\bQMenu\(", text(path))]
    assert not found, "make menus by gui.theme.menu"


def test_only_one_package_reads_the_clipboard() -> None:
    """Qt's own way waits for the program that has the clipboard, while the whole window stands still."""
    found = [
        str(path) for path in python_files("gui") if "gui/clipboard/" not in str(path) and READS.search(text(path))
    ]
    assert not found, "use gui.clipboard.reading or gui.clipboard.fields"


def test_no_property_that_begins_with_i_is_given_to_qt_as_a_keyword() -> None:
    """PySide6 looks up the setter by C's ``toupper``, which leaves "i" alone in Turkish and Azerbaijani locales."""
    found = [line for path in python_files() for line in _keywords_lost_in_turkish(text(path), str(path))]
    assert not found, "make timers by gui.timers, and set other properties by their setters:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "call",
    [
        "QTimer(None, interval=5)",
        "QtCore.QTimer(interval=5)",
        "functools.partial(QTimer, interval=5)",
        "class Timer(QTimer):\n    def __init__(self):\n        super().__init__(interval=5)",
        "class Timer(QTimer):\n    pass\nTimer(interval=5)",
    ],
    ids=["name", "module", "partial", "super", "subclass"],
)
def test_a_keyword_that_begins_with_i_is_found_however_qt_is_called(call: str) -> None:
    imported = "import functools\nfrom PySide6 import QtCore\nfrom PySide6.QtCore import QTimer\n"
    assert len(_keywords_lost_in_turkish(imported + call, "example.py")) == 1


def _keywords_lost_in_turkish(source: str, path: str) -> list[str]:
    """The calls of Qt's classes, and of plain subclasses of these, with keywords that begin with "i"."""
    if "PySide6" not in source:
        return []
    module = ast.parse(source)
    qt = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6")
        for alias in node.names
    }
    qt.add("PySide6")
    classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef) and _are_qt(node.bases, qt)]
    qt |= {each.name for each in classes if not any(getattr(part, "name", "") == "__init__" for part in each.body)}
    inside = {call for each in classes for call in ast.walk(each)}
    return [
        f"{path}:{node.lineno}: {ast.unparse(node.func)}({keyword.arg}=…)"
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and (
            _are_qt([node.func], qt)
            or (ast.unparse(node.func) == "super().__init__" and node in inside)
            or (ast.unparse(node.func).endswith("partial") and _are_qt(node.args[:1], qt))
        )
        for keyword in node.keywords
        if (keyword.arg or "").startswith("i")
    ]


def _are_qt(expressions: list[ast.expr], qt: set[str]) -> bool:
    """Whether all of the expressions name something of Qt: ``QTimer`` or ``QtCore.QTimer``."""
    return bool(expressions) and all(ast.unparse(each).split(".")[0] in qt for each in expressions)


def test_a_constructor_has_at_most_ten_parameters() -> None:
    """More of them are a value of their own, such as a host's parts."""
    found = {}
    for path in python_files("session_host", "gui"):
        for owner in (each for each in ast.walk(tree(path)) if isinstance(each, ast.ClassDef)):
            for made in (each for each in owner.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"):
                count = len([*made.args.posonlyargs, *made.args.args, *made.args.kwonlyargs]) - 1
                if count >= 8:
                    found[owner.name] = count
    assert max(found.values()) <= 10, found
    assert len(found) <= 8, found


def test_the_parts_of_a_window_become_no_more() -> None:
    """The one value that nearly all actions get; what they open is in ``Places``."""
    [context] = [
        each
        for each in tree(Path("gui/window/actions/context.py")).body
        if isinstance(each, ast.ClassDef) and each.name == "WindowContext"
    ]
    parts = [ast.unparse(each.target) for each in context.body if isinstance(each, ast.AnnAssign)]
    assert len(parts) <= 13, parts
