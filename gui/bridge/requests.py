"""Requests to a chat's host, with an error that says what to do in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.wording import page_texts
from session_host.errors import HostUnavailable

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from session_host.protocol.messages import Request


async def ask(chat: Chat, request: Request) -> Any:
    """Send a request to a chat's host; returns the reply.

    Raises:
        HostUnavailable: the host does not answer, or is gone.
        OutliveError: the host refused the request.
    """
    # The window's start does not need these.
    from session_host.client import control
    from session_host.client.connection import HostNotResponding

    chat.expect_answer()
    try:
        return await control.request(chat.id, request)
    except HostNotResponding as error:
        raise HostUnavailable(page_texts.WAIT_OR_KILL(name=chat.name)) from error
