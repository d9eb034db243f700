"""A terminal that types faster than the host takes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from session_host.cli.attach.terminal_view import MAX_WAITING_INPUTS, TerminalView
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.values import CellSize, GridSize


async def test_the_terminal_is_not_read_while_many_inputs_wait_for_the_host() -> None:
    """Of a long paste without brackets, all after 20,000 keys was refused."""
    screen = MagicMock(session_id="x", size=GridSize(80, 24), cell=CellSize(), read_only=False)
    view: Any = TerminalView(screen)
    inputs = range(MAX_WAITING_INPUTS + 1)
    view.viewer = SimpleNamespace(inputs=inputs, line=SimpleNamespace(shown=ViewerState.LIVE))
    view.take([])
    screen.terminal.pause_reading.assert_called_once_with()
    for waiting in (inputs, inputs[1:]):
        screen.terminal.resume_reading.assert_not_called()
        view.viewer.inputs = waiting
        screen.after.call_args.args[2]()
    screen.terminal.resume_reading.assert_called_once_with()
