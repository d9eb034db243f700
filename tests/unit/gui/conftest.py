"""The window in this process, with fake viewers that a test controls."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import QEvent, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.bridge.chat import Chat, FirstLook
from gui.bridge.sessions import Sessions
from gui.bridge.store_thread import StoreThread
from gui.input import in_sight
from gui.settings.layout import Place, SavedPane, SavedWindow, WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.preferences import Preferences
from gui.terminal.view import TerminalView
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.page.structured_content import StructuredContent
from gui.window.page.terminal_content import TerminalContent
from gui.window.windows import MainWindow, Windows
from session_host import paths
from session_host.agents.catalog import Catalog, load_catalog
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.viewer.line import Line
from session_host.client.viewer.unacknowledged_input import UnacknowledgedInput
from session_host.client.viewer.viewer import ViewerDelegate, ViewerState
from session_host.protocol.facts import AgentStatus, ChatFacts, Outcome
from session_host.protocol.messages import ActivityEvent, ChatInput, Event, InputRefused, StateEvent, Typed
from session_host.protocol.values import Activity, CellSize, GridSize, KeyAction, Runtime, State
from session_host.storage.store import Store
from session_host.structured.transcript import Transcript
from session_host.terminal import create
from session_host.terminal.base import DefaultColors, Emulator, Frame
from session_host.version import VERSION
from tests.support.facts import chat_facts
from tests.support.qt_waiting import run_deferred_deletes, show_active
from tests.support.themes import OWN
from tests.support.waiting import eventually

WAIT_S = 60.0


@pytest.fixture(autouse=True)
def keys_count_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks takes keys from its first paint on; a test of the time in which it does not sets that itself."""
    monkeypatch.setattr(in_sight, "KEYS_AFTER_PAINT_MS", 0)


class FakeReplica:
    """A replica with the content that a test makes."""

    def __init__(self) -> None:
        self.emulator: Emulator | None = None
        self.transcript: Transcript | None = None

    def frame(self) -> Frame:
        assert self.emulator is not None
        return self.emulator.frame()


class FakeDelivery:
    """The end of a viewer, which leaves so many characters undelivered."""

    def __init__(self) -> None:
        self.is_over, self.undelivered = True, 0

    async def wait(self) -> int:
        return self.undelivered


class FakeViewer:
    """A fake of the client's Viewer: it records calls, and the test sends the events of the host."""

    def __init__(
        self,
        session_id: str,
        delegate: ViewerDelegate,
        size: GridSize,
        output: bool,
        runtime: Runtime = "terminal",
        machine: Machine = THIS_MACHINE,
    ) -> None:
        self.session_id = session_id
        self.runtime = runtime
        self.machine = machine
        self.delegate = delegate
        self.size = size
        self.output = output
        self.colors: DefaultColors | None = None
        self.line, self.inputs = Line([]), UnacknowledgedInput()
        self.replica, self.delivery = FakeReplica(), FakeDelivery()
        self.can_clear = True
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.end_request = ""
        self.calls: list[tuple[Any, ...]] = []
        self.line.host_version = VERSION
        self.started = self.is_closed = False
        self.sent: list[ChatInput] = []
        self.takes_mouse, self.asks_to_send = True, False
        self.offset = 0

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.is_closed = True
        if self.replica.emulator is not None:
            self.replica.emulator.close()
            self.replica.emulator = None

    def free_replica(self) -> None:
        previous, self.replica.emulator = self.replica.emulator, None
        if previous is not None:
            self.delegate.viewer_replaced()
            previous.close()

    def set_colors(self, colors: DefaultColors) -> None:
        self.colors = colors

    def follow(self, output: bool) -> None:
        self.output = output

    def keep(self, count: int) -> None:
        """The user types so many characters that the host does not have."""
        self.inputs.append(Typed("", 1, "x" * count))

    def send_kept(self) -> None:
        self.calls.append(("send_kept",))

    def discard_kept(self) -> None:
        self.calls.append(("discard_kept",))

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        self.calls.append(("key", key, text, int(modifiers), action))

    def text(self, text: str) -> None:
        self.calls.append(("text", text))

    def paste(self, text: str) -> None:
        self.calls.append(("paste", text))

    def mouse(self, *arguments: object) -> None:
        self.calls.append(("mouse", *arguments))

    def focus(self, focused: bool) -> None:
        self.calls.append(("focus", focused))

    def send(self, chat_input: ChatInput) -> int:
        self.sent.append(chat_input)
        return len(self.sent)

    def continue_program(self) -> bool:
        self.calls.append(("continue_program",))
        return True

    def clear_terminal(self, what: str) -> bool:
        self.calls.append(("clear_terminal", what))
        return self.can_clear

    def resize(self, size: GridSize, cell: CellSize) -> None:
        self.size = size

    def expect_answer(self) -> None:
        self.calls.append(("expect answer",))

    # ------------------------------------------------------------ events of the host

    def become(self, state: ViewerState, message: str = "") -> None:
        self.line.show(state, message)
        self.delegate.viewer_state(state, message)

    def go_live(self, screen: bytes = b"hello\r\n") -> None:
        self.replica.emulator = create(None, GridSize(80, 24))
        self.replica.emulator.feed(screen)
        self.become(ViewerState.LIVE)
        self.delegate.viewer_replaced()

    def feed(self, output: bytes) -> None:
        assert self.replica.emulator is not None
        self.replica.emulator.feed(output)

    def show_transcript(self, transcript: Transcript) -> None:
        self.replica.transcript = transcript
        self.become(ViewerState.LIVE)
        self.delegate.viewer_replaced()

    def tell(self, event: Event) -> None:
        self.delegate.viewer_event(event)

    def be(
        self,
        activity: Activity,
        since: str = "2026-01-02T03:04:05Z",
        detail: str = "",
        *,
        failed: bool = False,
        context: int = 0,
    ) -> None:
        self.tell(ActivityEvent(AgentStatus(activity, "osc 7501", since, detail, failed, context)))

    def end(self, exit_code: int | None = None, exit_signal: int | None = None, end_request: str = "") -> None:
        self.exit_code, self.exit_signal, self.end_request = exit_code, exit_signal, end_request
        self.tell(StateEvent(Outcome(State.EXITED, exit_code, exit_signal, end_request)))
        self.become(ViewerState.ENDED)

    def accept_refusal(self) -> None:
        self.inputs.is_holding = False

    def refuse(self, line: str, sequence: int = 1) -> None:
        self.delegate.viewer_refused(InputRefused(attachment="", sequence=sequence, code="input_full", message=line))


def one_pane(tabs: list[str], active: str = "", places: dict[str, Place] | None = None) -> WindowLayout:
    """The layout of one window with one pane."""
    return WindowLayout(windows=[SavedWindow(panes=[SavedPane(tabs, active, places or {})])])


def insert_record(name: str, **fields: Any) -> ChatFacts:
    """Record a running chat, as its host would; one that resumes another continues it."""
    defaults: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "name": name,
        "agent": "command",
        "argv": ["cat"],
        "cwd": "/tmp",
        "state": State.RUNNING,
        "created_at": "2026-01-02T03:04:05Z",
    }
    record = chat_facts(**(defaults | fields))
    with Store.open(paths.database()) as store:
        store.insert(record)
        if record.origin.resumed_from:
            store.update(record.origin.resumed_from, continued_by=record.id)
    return record


class WindowHarness:
    """The window with its store and model, over fake viewers."""

    def __init__(self, theme: Theme, catalog: Catalog) -> None:
        self.theme = theme
        self.catalog = catalog
        self.storage = StoreThread(lambda _warnings: Store.open(paths.database()))
        self.viewers: dict[str, FakeViewer] = {}
        self.further: list[FakeViewer] = []
        """The viewers of second and further pages of a chat."""
        self.sessions = Sessions(self.storage, self._make_viewer)  # type: ignore[arg-type]
        self.sessions.machines.here.agents = catalog
        self.problems: list[str] = []
        self.sessions.problem.connect(self.problems.append)
        self.layouts: list[dict[str, Any]] = []
        self._window: MainWindow | None = None
        self._made = 0

    @property
    def window(self) -> MainWindow:
        """The open window."""
        assert self._window is not None
        return self._window

    @property
    def page(self) -> ChatPage:
        """The visible page."""
        page = self.window.tabs.active_page
        assert page is not None
        return page

    @property
    def terminal(self) -> TerminalContent:
        """The terminal of the visible page."""
        assert self.page.terminal is not None
        return self.page.terminal

    @property
    def view(self) -> TerminalView:
        """The view of that terminal."""
        return self.terminal.view

    @property
    def content(self) -> StructuredContent:
        """The content of the visible page of a structured chat."""
        assert self.page.structured is not None
        return self.page.structured

    @property
    def banner(self) -> str:
        """The text of the window's banner; "" for none."""
        current = self.window.banners.current
        return current.text if current is not None else ""

    def chat(self, session_id: str) -> Chat:
        """Return an existing chat."""
        chat = self.sessions.chats.get(session_id)
        assert chat is not None
        return chat

    def listed_names(self) -> list[str]:
        """The names of the chats that lists show, in alphabetical order."""
        return sorted(self.chat(session_id).name for session_id in self.sessions.listed.ids())

    def _make_viewer(
        self,
        session_id: str,
        delegate: ViewerDelegate,
        size: GridSize,
        output: bool,
        runtime: Runtime,
        machine: Machine,
    ) -> FakeViewer:
        viewer = FakeViewer(session_id, delegate, size, output, runtime, machine)
        if isinstance(delegate, FirstLook):
            self.viewers[session_id] = viewer
        else:
            self.further.append(viewer)
        return viewer

    async def add(self, name: str, **fields: Any) -> str:
        """Record a session as its host would, and refresh the window; returns the session's id."""
        self._made += 1
        defaults: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "name": name,
            "agent": "command",
            "argv": ["cat"],
            "cwd": "/tmp",
            "state": State.RUNNING,
            "created_at": f"2026-01-02T03:04:{self._made:02}Z",
        }
        values = defaults | fields
        if values["agent"] == "command":
            values.setdefault("arguments", values["argv"])
        record = chat_facts(**values)
        await self.storage.call(lambda store: store.insert(record))
        await self.sessions.machines.here.refresh_now()
        self.settle()
        return record.id

    def open_window(self, layout: WindowLayout | None = None, preferences: Preferences | None = None) -> MainWindow:
        self.settings = LiveSettings(paths.config_dir(), preferences or Preferences(), self.sessions)
        agents = cast("LiveAgents", self.catalog)  # Only the settings window needs more than a catalog.
        windows = self.windows = Windows(self.theme, self.sessions, agents, self.settings, layout or WindowLayout())
        window = self._window = windows.current
        windows.layout_changed.connect(lambda: self.layouts.append(window.layout_state.to_dict()))
        window.restore_tabs()
        show_active(window)
        self.sessions.follow_all()
        self.settle()
        return window

    async def open(self, name: str, **fields: Any) -> FakeViewer:
        """Record a chat, open the window, and show the chat."""
        session_id = await self.add(name, **fields)
        self.open_window()
        return self.show(session_id)

    async def open_chat_view(
        self, transcript: Transcript | None = None, name: str = "one", **fields: Any
    ) -> FakeViewer:
        """Record a structured chat, show it in the window, which is opened if need be, and let it go live."""
        session_id = await self.add("one", runtime="structured", **fields)
        if self._window is None:
            self.open_window()
        self.window.open_chat(self.chat(session_id))
        if transcript is not None:
            self.viewers[session_id].show_transcript(transcript)
        self.settle()
        return self.viewers[session_id]

    def show(self, session_id: str) -> FakeViewer:
        """Open a chat's tab and let it go live."""
        self.window.open_chat(self.chat(session_id))
        self.viewers[session_id].go_live()
        self.settle()
        return self.viewers[session_id]

    def settle(self) -> None:
        """Process Qt's pending events and deletions."""
        for _ in range(3):
            QApplication.processEvents()
        while self.sessions.chats.changes.is_due:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            QApplication.processEvents()
        run_deferred_deletes()

    async def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the widget that has the keyboard."""
        self.window.activateWindow()
        await self.until(self.window.isActiveWindow, "the window to be active")
        QTest.keyClick(self.window.focusWidget(), key, modifiers)
        self.settle()

    async def focus_terminal(self) -> None:
        """Wait until the visible page's terminal has the keyboard, as after its tab was opened."""
        self.window.activateWindow()
        await self.until(self.view.hasFocus, "the terminal to have the keyboard")

    @property
    def saved_pane(self) -> dict[str, Any]:
        """The first pane in the last saved layout."""
        self.settle()
        pane: dict[str, Any] = self.layouts[-1]["windows"][0]["panes"][0]
        return pane

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Let both loops run until the condition holds."""

        def settled() -> object:
            self.settle()
            return condition()

        await eventually(settled, WAIT_S, what)

    async def close(self) -> None:
        await self.sessions.close()
        if self._window is not None:
            for page in self.window.tabs.pages():
                if page.terminal is not None:
                    page.terminal.view.display.set_viewer(None)
            self.window.hide()
            self.window.deleteLater()
        self.storage.close()
        self.sessions.deleteLater()
        self.settle()


@pytest.fixture
def theme(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Theme]:
    """The theme; a test may ask for another appearance by an indirect parameter."""
    theme = Theme(qapp, OWN, getattr(request, "param", "dark"))
    yield theme
    theme.disconnect(theme)
    theme.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.setStyleSheet("")


@pytest.fixture
async def harness(theme: Theme, window_manager: None) -> AsyncIterator[WindowHarness]:
    made = WindowHarness(theme, load_catalog(paths.config_dir()))
    made.storage.open().result()
    yield made
    await made.close()
