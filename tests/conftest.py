"""Every test runs in a corner of its own, and leaves nothing behind.

Fixtures for all:

    area              (always) own HOME, runtime, state, configuration and temporary directories; leak check
    sessions          ends all processes that the test started in its area, hosts and agents included
    x_server, display an X server off screen for the whole run / the environment of the test led to it
    window_manager    openbox on that server
    qapp              the one QApplication of the run, on that server
    qt_messages       (always) Qt's warnings fail the test; ``allow(pattern)`` expects one
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import hypothesis
import pytest

from gui.qt_overrides import guard_overrides
from session_host.system.event_loop import loop_factory
from tests.support import command_client, displays, leaks, processes
from tests.support.area import Area, new_area, reused_area, reusing
from tests.support.buses import BusDaemon, bus_daemon
from tests.support.fuzzing import IS_RANDOM, times
from tests.support.qt_messages import QtMessages

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

guard_overrides()  # Before a test imports classes of the window, as the window does.

REPOSITORY = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile(
    "outlive", deadline=None, database=None, print_blob=True, derandomize=not IS_RANDOM,
    max_examples=times(100) if IS_RANDOM else 60,  # each usual run tries the same ones
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # of the machine, which others use too
)  # fmt: skip
hypothesis.settings.load_profile("outlive")


# A shell without job control starts background commands with these ignored, and the programs of the tests inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the run; installers/test.sh passes them on."""
    parser.addoption("--fast", action="store_true", help="only tests that start no programs and try nothing random")
    parser.addoption("--real-agents", action="store_true", help="run the tests with real agents' command lines too")
    parser.addoption("--write-agents-table", action="store_true", help="write their table, though not all of it ran")


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
"""A test module that imports something of these starts programs."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What drives the whole product is not even imported in a fast run."""
    whole_product = collection_path in {REPOSITORY / "tests" / "integration", REPOSITORY / "tests" / "e2e"}
    return True if whole_product and config.getoption("--fast") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the options say."""
    left_out: list[pytest.Item] = []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if (config.getoption("--fast") and (marks & {"e2e", "slow", "real_agents"} or _takes_long(item))) or (
            "real_agents" in marks and not config.getoption("--real-agents")
        ):
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what lives as long as the run: all modules and tests."""
    gc.collect()
    gc.freeze()


def _takes_long(item: pytest.Item) -> bool:
    """Whether a test is known to start programs, or tries random things."""
    assert isinstance(item, pytest.Function)
    imported = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in vars(item.module).values()
    }
    return (
        not imported.isdisjoint(STARTING_MODULES)
        or not STARTING_FIXTURES.isdisjoint(item.fixturenames)
        or getattr(item.function, "is_hypothesis_test", False)
        or item.path.stem.endswith("_at_random")
    )


# ---------------------------------------------------------------------------------- isolation


product_loop = loop_factory() or asyncio.new_event_loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Hosts and commands run on the product's loop; the window's parts on what Qt's loop is most like."""
    is_window = "gui" in item.path.relative_to(Path(__file__).parent).parts
    return {"loop": asyncio.new_event_loop if is_window else product_loop}


@pytest.fixture(scope="session", autouse=True)
def run_area(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Area]:
    """The corner of the fixtures which serve the whole run."""
    product_loop().close()  # libuv opens a pipe of the process's own with its first loop
    tmp_path_factory.getbasetemp()  # settle it before TMPDIR changes
    with reusing(), new_area() as area, pytest.MonkeyPatch.context() as patch:
        area.enter(patch)
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        if "tests.support.commands" not in sys.modules:
            yield area  # none of the tests runs commands
            return
        with command_client.running() as (commands, keepers), lasting(commands.pid), lasting(keepers.pid):
            yield area


class Sessions:
    """Ends what a test started: every process with the test's runtime directory in its environment."""

    def __init__(self, check: leaks.LeakCheck) -> None:
        self._check = check

    def processes(self) -> list[int]:
        """Those that live now."""
        return self._check.processes()

    def end_all(self) -> None:
        """End them, by PID: gracefully first."""
        processes.end_product(self.processes)


@pytest.fixture(autouse=True)
def area(run_area: Area, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Area]:
    """This test's own directories, led to by the environment; afterwards nothing of the test may be left."""
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
    """Asked for by tests that start hosts: at the end they are ended, whatever happened."""
    sessions = Sessions(request.node.stash[LEAK_CHECK])
    yield sessions
    sessions.end_all()


@pytest.fixture
def session_bus(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusDaemon]:
    """A session bus of this test's own."""
    with bus_daemon(area.xdg_runtime) as daemon:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.address)
        yield daemon


# ------------------------------------------------------------------------------------ displays


@contextmanager
def lasting(pid: int) -> Iterator[None]:
    """Meanwhile the process is no leak of any test."""
    leaks.long_lived.add(pid)
    try:
        yield
    finally:
        leaks.long_lived.discard(pid)


@pytest.fixture(scope="session")
def x_server(run_area: Area) -> Iterator[displays.XServer]:
    """An X server off screen, for the whole run."""
    with displays.x_server() as server, lasting(server.process.pid):
        yield server


@pytest.fixture
def display(x_server: displays.XServer, area: Area, monkeypatch: pytest.MonkeyPatch) -> displays.XServer:
    """The X server, with this test's environment led to it."""
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
    """The one QApplication of the run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in x_server.environment().items():
            patch.setenv(name, value)
        import shiboken6
        from PySide6.QtWidgets import QApplication

        from gui.wording import translation

        _messages.install()
        application = QApplication(["outlive"])
        application.setQuitOnLastWindowClosed(False)
        translation.install(application)
        yield application
        shiboken6.delete(application)  # before its X server goes, which would end this process
        _messages.uninstall()


@pytest.fixture(autouse=True)
def qt_messages(area: Area, request: pytest.FixtureRequest) -> Iterator[QtMessages]:
    """Qt's complaints in this process; any that is not allowed fails the test."""
    _messages.install_if_loaded()
    _messages.take_complaints()
    with_window = "qapp" in request.fixturenames
    if with_window:
        gc.disable()  # A collection in another thread destroys what Qt's own thread uses; see gui/garbage.py.
    yield _messages
    if with_window:
        from tests.support.qt_waiting import close_all_windows

        close_all_windows()
        gc.collect(0)  # all that the test has made
        gc.enable()
    if complaints := _messages.take_complaints():
        pytest.fail("Qt complained:\n  " + "\n  ".join(complaints), pytrace=False)
