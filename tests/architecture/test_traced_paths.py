"""The paths in a real run: one key, one byte and one answer, traced through a host and a window.

Host, viewer and widget run on one event loop here, so that one profile (``sys.setprofile``) sees the calls of both
sides in order. Socket, pseudo terminal, input log, output file and engine are real.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.bridge.chat_list import ChatList
from gui.bridge.unsent import Drafts
from gui.terminal.view import TerminalView
from gui.theme.theme import Theme
from gui.window.page.structured_content import StructuredContent
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.viewer.viewer import Viewer, ViewerDelegate
from session_host.host.clients.server import Server
from session_host.host.keeper_channel import KeeperChannel
from session_host.protocol.launch import StructuredLaunch
from session_host.protocol.values import GridSize, Runtime, State
from session_host.terminal import default_engine
from tests.architecture.source_tree import REPOSITORY
from tests.architecture.test_paths import steps
from tests.support.facts import changed
from tests.support.qt_waiting import show
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import OWN
from tests.support.waiting import eventually

WAIT_S = 20.0


Turns = list[list[str]]
"""For each call into the project by Qt, the event loop or the test: the files called in it, in order."""


@contextmanager
def trace(turns: Turns) -> Iterator[None]:
    """Append the project's calls in this thread to ``turns``."""
    roots = tuple(f"{REPOSITORY / package}{os.sep}" for package in ("session_host", "gui"))
    guard = str(REPOSITORY / "gui" / "qt_overrides.py")  # It calls every override, so it is on all paths.
    start = len(f"{REPOSITORY}{os.sep}")

    def is_traced(path: str) -> bool:
        return path.startswith(roots) and path != guard

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = frame.f_code.co_filename
        if event == "call" and is_traced(path):
            caller = frame.f_back
            while caller is not None and not is_traced(caller.f_code.co_filename):
                caller = caller.f_back
            if caller is None:
                turns.append([])
            turns[-1].append(path[start:])

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


async def settled(condition: Callable[[], object], what: str) -> None:
    """Run Qt's events and asyncio's until the condition holds."""

    def check() -> object:
        QApplication.processEvents()
        return condition()

    await eventually(check, WAIT_S, what)


@asynccontextmanager
async def served_chat(harness: SessionHarness) -> AsyncIterator[Chat]:
    """A host that serves a session, and a window's chat that follows it, all in this process."""
    driver = harness.host()
    ours, theirs = socket.socketpair()
    keeper = KeeperChannel(ours, harness.spec, harness.descriptors, lambda _message: None)
    server = Server(driver, Path(harness.spec.socket_path), harness.descriptors.listener, keeper)
    harness.attach_pty()
    server.start()
    facts = changed(harness.spec.facts, state=State.RUNNING)

    def make_viewer(
        session_id: str, delegate: ViewerDelegate, size: GridSize, output: bool, runtime: Runtime, machine: Machine
    ) -> Viewer:
        viewer = Viewer(session_id, delegate, size=size, runtime=runtime, machine=machine)
        viewer.follow(output)
        return viewer

    chat = Chat(facts, make_viewer, THIS_MACHINE)
    chat.looks.first.follow(output=True)
    viewer = viewer_of(chat)
    try:
        yield chat
    finally:
        chat.looks.first.close()
        await viewer.delivery.wait()
        await server.close()
        keeper.close()
        theirs.close()
        chat.deleteLater()


def viewer_of(chat: Chat) -> Viewer:
    """The viewer of a chat that is followed."""
    assert isinstance(chat.looks.first.viewer, Viewer)
    return chat.looks.first.viewer


@asynccontextmanager
async def shown_session(harness: SessionHarness) -> AsyncIterator[TerminalView]:
    """A terminal view that shows a session."""
    async with served_chat(harness) as chat:
        view, viewer = TerminalView(DARK), viewer_of(chat)
        chat.looks.first.damaged.connect(view.display.on_damage)  # As a chat's page connects them.
        chat.looks.first.replaced.connect(view.display.on_replaced)
        view.display.set_viewer(viewer)
        try:
            show(view)
            await settled(lambda: viewer.replica.emulator is not None, "the snapshot")
            await settled(lambda: harness.session.sizing.size == viewer._rules.wants.size, "the grid's size")
            yield view
        finally:
            view.display.set_viewer(None)
            view.deleteLater()


async def trace_key(harness: SessionHarness, view: TerminalView) -> Turns:
    """Press a key; returns the calls until the program has it."""
    turns: Turns = []
    with trace(turns):
        QTest.keyClick(view, Qt.Key.Key_A)
        await settled(lambda: harness.unread_bytes, "the key at the program")
    assert harness.read_typed() == b"a"
    assert isinstance(view.display.sink, Viewer)
    viewer = view.display.sink
    await settled(lambda: not viewer.inputs, "the acknowledgement")
    return turns


async def trace_output(harness: SessionHarness, last: str) -> Turns:
    """Write a byte as the program; returns the calls until the file ``last`` is called."""
    turns: Turns = []
    with trace(turns):
        os.write(harness.slave, b"x")
        await settled(lambda: any(last in turn for turn in turns), f"a call of {last}")
    return turns


async def test_a_key_and_a_byte_of_output_take_the_described_paths(qapp: QApplication, window_manager: None) -> None:
    paths = {name: [str(path) for _, _, path in steps(name)] for name in ("Key", "Output")}
    key: Turns = []
    output: Turns = []
    with session_harness(engine=default_engine()) as harness:
        async with shown_session(harness) as view:
            for _ in range(2):  # Only the second round counts: the first one also has calls of the window's start.
                key = await trace_key(harness, view)
                output = await trace_output(harness, paths["Output"][-1])
    check_path("Key", paths["Key"], key)
    check_path("Output", paths["Output"], output)


class _Chats(QObject):
    """A list of chats that never changes, for the drafts."""

    changed = Signal()
    forgotten = Signal(str)


async def test_an_answer_takes_the_described_path(qapp: QApplication, window_manager: None) -> None:
    with session_harness(structured=StructuredLaunch("claude"), runtime="structured", agent="claude") as harness:
        async with served_chat(harness) as chat:
            page = QWidget()
            content = StructuredContent(
                Theme(qapp, OWN, "dark"),
                chat.looks.first,
                page,
                open_find=list,
                drafts=Drafts(cast(ChatList, _Chats())),
                load_transcript=lambda _content: None,
                list_repository=lambda _directory: [],
            )
            QVBoxLayout(page).addWidget(content.view)
            page.resize(900, 700)
            show(page)
            answer = await trace_answer(harness, chat, content)
            page.deleteLater()
    check_path("Answer", [str(path) for _, _, path in steps("Answer")], answer)


async def trace_answer(harness: SessionHarness, chat: Chat, content: StructuredContent) -> Turns:
    """Let the agent ask, and click the first answer; returns the calls until the agent has it."""
    viewer = viewer_of(chat)
    await settled(lambda: viewer.replica.transcript is not None, "the snapshot")
    content.attach()
    body = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "make"}, "tool_use_id": "t"}
    asked = json.dumps({"type": "control_request", "request_id": "r", "request": body})
    os.write(harness.descriptors.pipe_write, f"{asked}\n".encode())
    cards = content.view.page.requests

    def first_button() -> QPushButton | None:
        request = next(iter(content.view.transcript.open_requests), None)
        card = cards.card(request.id) if request is not None else None
        button = card.button_of("allow_once") if card is not None else None
        return button if button is not None and button.isEnabled() and button.isVisible() else None

    await settled(first_button, "the question")
    button = first_button()
    assert button is not None
    harness.unread_bytes = 0
    turns: Turns = []
    with trace(turns):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await settled(lambda: harness.unread_bytes, "the answer at the agent")
    await settled(lambda: not viewer.inputs, "the acknowledgement")
    return turns


def check_path(name: str, described: list[str], turns: Turns) -> None:
    """Check that the described files are called in the described order; they may call others in between.

    Turns before the first described file, and turns that begin in other files, are other work: timers and
    acknowledgements.
    """
    later = itertools.dropwhile(lambda turn: turn[0] != described[0], turns)
    calls = list(dict.fromkeys(path for turn in later if turn[0] in described for path in turn))
    traced = "\n".join(calls)
    assert [path for path in calls if path in described] == described, f"{name} path:\n{traced}"
