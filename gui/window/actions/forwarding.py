"""The offer to forward a port of another machine, after a click on a link that a chat there has printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.question import Question
from gui.wording import notice_texts, page_texts
from session_host.errors import OutliveError

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
    """Offers to forward ports, in one window; ``OtherMachines`` forwards them for all windows."""

    def __init__(self, sessions: Sessions, banners: BannerArea) -> None:
        super().__init__(banners)
        self._tasks, self._others, self._banners = sessions.tasks, sessions.others, banners
        self._others.forwarding_stopped.connect(self._on_stopped)

    def offers(self, chat: Chat, uri: str) -> bool:
        """Whether the address is of the chat's other machine itself."""
        return not chat.machine.has_our_loopback and loopback_port(uri) > 0

    def open(self, page: ChatPage, uri: str, open_address: Callable[[str], object]) -> None:
        """Ask whether to forward the address's port, unless it is forwarded; then open the address here."""
        machine, port = page.chat.machine.name, loopback_port(uri)

        def forward() -> None:
            self._tasks.start(self._open(machine, port, uri, open_address), "forward a port")

        if port in self._others.forwarded_ports(machine):
            forward()
        else:
            question = page_texts.FORWARD_PORT(port=port, machine=machine)
            page.question.ask(Question(question, page_texts.FORWARD(), forward, subject=uri))

    async def _open(self, machine: str, port: int, uri: str, open_address: Callable[[str], object]) -> None:
        try:
            local = f"localhost:{await self._others.forward(machine, port)}"
        except KeyError:
            return  # The machine was removed.
        except OutliveError as error:
            line = notice_texts.failed(notice_texts.CANNOT_FORWARD(port=port), error)
            self._banners.inform(line, kind="failed")
            return
        open_address(urlsplit(uri)._replace(netloc=local).geturl())
        text = notice_texts.FORWARDED(port=port, machine=machine, local=local)
        stop = partial(self._others.stop_forwarding, machine, port)
        self._banners.show_banner(Banner(text, notice_texts.STOP_FORWARDING(), stop, _key(machine, port)))

    def _on_stopped(self, machine: str, port: int) -> None:
        self._banners.withdraw(_key(machine, port))


def _key(machine: str, port: int) -> str:
    return f"forward {machine} {port}"
