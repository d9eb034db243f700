"""Fixtures for all tests. Each test has its own directories, and must leave no process, file, thread or descriptor.

area              (always) the test's own HOME, runtime, state, configuration and temporary directories; leak check
sessions          ends all processes that the test started in its area, hosts and agents included
session_bus       the test's own D-Bus session bus
x_server          an off-screen X server for the whole run
display           the X server, with the test's environment variables set to it
window_manager    openbox on that server
qapp              the only QApplication of the run, on that server
qt_messages       (always) a warning of Qt fails the test; ``allow(pattern)`` allows one
unhandled_errors  (always) an error that nobody handles fails the test; a test with ``caplog`` looks at the log itself
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from gui.qt_overrides import guard_overrides
from session_host.system.event_loop import loop_factory
from tests.support import command_client, displays, leaks, processes
from tests.support.area import Area, new_area, reused_area, reusing
from tests.support.buses import BusDaemon, bus_daemon
from tests.support.fuzzing import IS_RANDOM, times
from tests.support.qt_messages import QtMessages
from tests.support.unhandled_errors import UnhandledErrors
from tests.support.unraisable import pytest_runtest_teardown  # noqa: F401 - a hook

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

guard_overrides()  # Before a test imports classes of the window, as the window does.

REPOSITORY = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile(
    "outlive",
    deadline=None,
    database=None,
    print_blob=True,
    derandomize=not IS_RANDOM,
    max_examples=times(100) if IS_RANDOM else 60,  # without IS_RANDOM, each run tries the same examples
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # other programs may slow the machine down
)
hypothesis.settings.load_profile("outlive")


# A shell without job control ignores these signals in background commands, and the tests' programs would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that installers/test.sh passes on."""
    parser.addoption("--fast", action="store_true", help="only tests that start no programs and use no random input")
    parser.addoption("--registrations", action="store_true", help="only tests that name a forgotten registration")
    parser.addoption("--real-agents", action="store_true", help="also run the tests with real agents' command lines")
    parser.addoption("--compositors", action="store_true", help="also run the tests of Wayland on KWin and GNOME")
    parser.addoption(
        "--write-agents-table", action="store_true", help="write the table of their results after a partial run too"
    )


STARTING_FIXTURES = {"sessions", "x_server", "session_bus", "systemd", "repository"}
"""Fixtures that start programs: chats, a display, a bus, git."""

STARTING_MODULES = (
    "subprocess",
    "tests.programs",
    "tests.support.commands",
    "tests.support.processes",
    "tests.support.repositories",
    "tests.support.terminals",
)
"""A test module that imports one of these, or a name from one of these, starts programs."""


WHOLE_PRODUCT = tuple(REPOSITORY / "tests" / each for each in ("integration", "e2e", "kills"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import modules of which no test is wanted: with --fast those of the whole product."""
    if collection_path.suffix != ".py" or collection_path.name == "conftest.py":
        return None
    is_whole = any(map(collection_path.is_relative_to, WHOLE_PRODUCT))
    if config.getoption("--registrations") or (is_whole and config.getoption("--fast")):
        return None if "mark.registrations" in collection_path.read_text(encoding="utf-8") else True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that the options exclude."""
    left_out: dict[pytest.Item, None] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if (
            (
                "registrations" not in marks
                and (config.getoption("--registrations") or _is_left_out(item, marks, config))
            )
            or ("real_agents" in marks and not config.getoption("--real-agents"))
            or ("compositors" in marks and not config.getoption("--compositors"))
            or ("portable_lacks" in marks and "pyte" in item.callspec.params.values())  # type: ignore[attr-defined]
        ):
            left_out[item] = None
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_collection() -> None:
    """Import and collect without garbage collection: what that makes lives as long as the run."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exclude all modules and tests from garbage collection."""
    gc.freeze()
    gc.enable()


def _is_left_out(item: pytest.Item, marks: set[str], config: pytest.Config) -> bool:
    """Whether --registrations or --fast leaves out a test without that mark."""
    if config.getoption("--registrations"):
        return True
    return bool(config.getoption("--fast")) and (bool(marks & {"e2e", "slow", "real_agents"}) or _takes_long(item))


def _takes_long(item: pytest.Item) -> bool:
    """Whether a test starts programs, as far as its fixtures and the names that it uses show, or uses random input."""
    assert isinstance(item, pytest.Function)
    starting = _starting_names(item.module)
    return (
        not starting.isdisjoint(_names_used(inspect.unwrap(item.function)))
        or not (STARTING_FIXTURES | starting).isdisjoint(item.fixturenames)
        or getattr(item.function, "is_hypothesis_test", False)
        or item.path.stem.endswith("_at_random")
    )


@cache
def _starting_names(module: ModuleType) -> set[str]:
    """The names of a test module by which its tests start programs: imported ones, and what uses such names itself."""
    used: dict[str, set[str]] = {}
    starting = set()
    for name, value in vars(module).items():
        home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if home in STARTING_MODULES:
            starting.add(name)
        elif home == module.__name__:
            functions = vars(value).values() if inspect.isclass(value) else [value]
            used[name] = {each for function in functions for each in _names_used(inspect.unwrap(function))}
    while more := {name for name, names in used.items() if name not in starting and names & starting}:
        starting |= more
    return starting


def _names_used(function: Any) -> set[str]:
    """The global names and attributes that a function names, and those within it; none of what is no function."""
    codes = [code] if isinstance(code := getattr(function, "__code__", None), CodeType) else []
    found: set[str] = set()
    while codes:
        code = codes.pop()
        found.update(code.co_names)
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found


# ---------------------------------------------------------------------------------- isolation


product_loop = loop_factory() or asyncio.new_event_loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The tests of the window use asyncio's loop, which is closest to Qt's; all others use the product's loop."""
    is_window = "gui" in item.path.relative_to(Path(__file__).parent).parts
    return {"loop": asyncio.new_event_loop if is_window else product_loop}


@pytest.fixture(scope="session", autouse=True)
def run_area(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Area]:
    """The area of the fixtures with scope "session", set up before them."""
    product_loop().close()  # libuv opens a pipe with its first loop, and keeps it
    tmp_path_factory.getbasetemp()  # pytest chooses it at the first call, so call it before TMPDIR changes
    with reusing(), new_area() as area, pytest.MonkeyPatch.context() as patch:
        area.enter(patch)
        patch.setenv("VIRTUAL_ENV", sys.prefix)  # As if it was activated: chats of tests run this Python.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        if "tests.support.commands" not in sys.modules:
            yield area  # none of the tests runs commands
            return
        with command_client.running() as (commands, keepers), lasting(commands.pid), lasting(keepers.pid):
            yield area


class Sessions:
    """The processes that the test started: those with the test's runtime directory in their environment."""

    def __init__(self, check: leaks.LeakCheck) -> None:
        self._check = check

    def processes(self) -> list[int]:
        """The PIDs of those that run now."""
        return self._check.processes()

    def end_all(self) -> None:
        """End them by PID, gracefully if possible."""
        processes.end_product(self.processes)


@pytest.fixture(autouse=True)
def area(run_area: Area, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Area]:
    """The test's directories, with the environment variables set to them. Fails the test if it leaves anything."""
    with reused_area() as area, pytest.MonkeyPatch.context() as patch:
        area.enter(patch)
        check = leaks.LeakCheck(area, tmp_path_factory.getbasetemp())
        request.node.stash[LEAK_CHECK] = check
        yield area
        if request.node.get_closest_marker("leaves_processes"):
            processes.end_product(check.processes)
        with_qt = "PySide6.QtCore" in sys.modules
        left = check.leaks(descriptor_allowance=leaks.QT_ALLOWANCE if with_qt else 0)
        if left:
            processes.end_product(check.processes)
    if left:
        pytest.fail("the test left behind:\n  " + "\n  ".join(left), pytrace=False)


LEAK_CHECK = pytest.StashKey[leaks.LeakCheck]()


@pytest.fixture
def sessions(area: Area, request: pytest.FixtureRequest) -> Iterator[Sessions]:
    """For tests that start hosts: ends all of the test's processes at its end, even after a failure."""
    sessions = Sessions(request.node.stash[LEAK_CHECK])
    yield sessions
    sessions.end_all()


@pytest.fixture
def session_bus(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusDaemon]:
    """A D-Bus session bus for this test alone."""
    with bus_daemon(area.xdg_runtime) as daemon:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.address)
        yield daemon


# ------------------------------------------------------------------------------------ displays


@contextmanager
def lasting(pid: int) -> Iterator[None]:
    """During the context, the leak check ignores the process."""
    leaks.long_lived.add(pid)
    try:
        yield
    finally:
        leaks.long_lived.discard(pid)


@pytest.fixture(scope="session")
def x_server(run_area: Area) -> Iterator[displays.XServer]:
    """An off-screen X server for the whole run."""
    with displays.x_server() as server, lasting(server.process.pid):
        yield server


@pytest.fixture
def display(x_server: displays.XServer, area: Area, monkeypatch: pytest.MonkeyPatch) -> displays.XServer:
    """The X server, with this test's environment variables set to it."""
    for name, value in x_server.environment().items():
        monkeypatch.setenv(name, value)
    return x_server


@pytest.fixture(scope="session")
def window_manager(x_server: displays.XServer) -> Iterator[None]:
    """A window manager on the X server, for the rest of the run."""
    with displays.openbox(x_server) as process, lasting(process.pid):
        yield


# ------------------------------------------------------------------------------------------ Qt

_messages = QtMessages()


@pytest.fixture(scope="session")
def qapp(x_server: displays.XServer) -> Iterator[QApplication]:
    """The only QApplication of the run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in x_server.environment().items():
            patch.setenv(name, value)
        import shiboken6
        from PySide6.QtWidgets import QApplication

        from gui.wording.qt_words import install_qt_words
        from tests.support.qt_waiting import park_pointer

        _messages.install()
        application = QApplication(["outlive"])
        application.setQuitOnLastWindowClosed(False)
        # Letters that a test types in a row are one word also on a slow computer.
        application.setKeyboardInputInterval(60_000)
        install_qt_words(application)
        park_pointer()
        yield application
        shiboken6.delete(application)  # before the X server ends, which would end this process, too
        _messages.uninstall()


@pytest.fixture(autouse=True)
def qt_messages(area: Area, request: pytest.FixtureRequest) -> Iterator[QtMessages]:
    """Qt's messages in this process; one that is not allowed fails the test."""
    _messages.install_if_loaded()
    _messages.take_complaints()
    with_window = "qapp" in request.fixturenames
    if with_window:
        gc.disable()  # A collection in another thread would destroy objects that Qt's thread uses; see gui/garbage.py.
    yield _messages
    if with_window:
        from tests.support.qt_waiting import close_all_windows, give_up_clipboard, park_pointer, release_buttons

        release_buttons()
        close_all_windows()
        park_pointer()
        give_up_clipboard()
        gc.collect(0)  # the objects that the test has made
        gc.enable()
    if complaints := _messages.take_complaints():
        pytest.fail("Qt complained:\n  " + "\n  ".join(complaints), pytrace=False)


@pytest.fixture(autouse=True)
def unhandled_errors(qt_messages: QtMessages, request: pytest.FixtureRequest) -> Iterator[None]:
    """Errors that nobody handles in this process, and those in the log: each fails the test."""
    errors = UnhandledErrors()
    with errors.collected(with_log="caplog" not in request.fixturenames):
        yield
    if errors.found:
        pytest.fail("nobody handled:\n" + "\n".join(errors.found), pytrace=False)
