"""Ports of other machines that the user forwards, by a click on a link that a chat there has printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.question import Question
from gui.wording import notice_texts, page_texts, phrases
from session_host.errors import OutliveError

if TYPE_CHECKING:
    from session_host.machines.forwarding import Forward

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - compared, not listened on


def loopback_port(uri: str) -> int:
    """The port of a web address on the machine that printed it; 0 for another address."""
    try:
        parts = urlsplit(uri)
        is_web = parts.scheme in {"http", "https"} and (parts.hostname or "") in _LOOPBACK
        return (parts.port or (443 if parts.scheme == "https" else 80)) if is_web else 0
    except ValueError:
        return 0


class Forwarding(QObject):
    """The forwarded ports; each lasts as long as the window, unless the user stops it."""

    def __init__(self, sessions: Sessions, banners: BannerArea) -> None:
        super().__init__(banners)
        self._sessions, self._banners = sessions, banners
        self._forwards: dict[tuple[str, int], Forward] = {}

    def offers(self, chat: Chat, uri: str) -> bool:
        """Whether the address is of the chat's other machine itself."""
        return bool(chat.machine.name) and loopback_port(uri) > 0

    def open(self, page: ChatPage, uri: str, open_address: Callable[[str], object]) -> None:
        """Ask whether to forward the address's port, unless it is forwarded; then open the address here."""
        machine, port = page.chat.machine.name, loopback_port(uri)

        def forward() -> None:
            self._sessions.tasks.start(self._open(machine, port, uri, open_address), "forward a port")

        if (machine, port) in self._forwards:
            forward()
        else:
            question = page_texts.FORWARD_PORT(port=port, machine=machine)
            page.ask(Question(question, page_texts.FORWARD(), forward, subject=uri))

    async def _open(self, machine: str, port: int, uri: str, open_address: Callable[[str], object]) -> None:
        from session_host.machines.forwarding import Forward  # only with other machines

        try:
            forward = self._forwards.get((machine, port))
            if forward is None:
                forward = Forward(self._sessions.others.machines[machine].link, port)
                await forward.start()
                self._forwards[machine, port] = forward
        except KeyError:
            return  # The machine was removed.
        except OutliveError as error:
            self._banners.inform(phrases.first_upper(str(error)), kind="failed")
            return
        parts = urlsplit(uri)
        open_address(parts._replace(netloc=f"localhost:{forward.local_port}").geturl())
        text = notice_texts.FORWARDED(port=port, machine=machine, local=f"localhost:{forward.local_port}")
        stop = partial(self._stop, machine, port)
        self._banners.show_banner(Banner(text, notice_texts.STOP_FORWARDING(), stop, f"forward {machine} {port}"))

    def _stop(self, machine: str, port: int) -> None:
        if (forward := self._forwards.pop((machine, port), None)) is not None:
            self._sessions.tasks.start(forward.stop(), "stop forwarding")
