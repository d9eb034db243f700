"""The amounts at which a prompt of a chat view is asked about first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gui.bridge.tasks import Tasks
from gui.settings.live import LiveSettings
from session_host.client.usage import amount_reached
from session_host.errors import ConfigError, OutliveError
from session_host.protocol.messages import ReleaseHeld
from session_host.standing.usage import number_words

if TYPE_CHECKING:
    from gui.window.page.structured_content import StructuredContent
    from session_host.protocol.usage import AmountReached


class Amounts:
    """Finds the next amount for a prompt that is asked about, and raises the amount to it."""

    def __init__(self, tasks: Tasks, settings: LiveSettings, report: Callable[[str], object]) -> None:
        """Set up; ``report`` gets one line about why the amount could not be raised."""
        self._tasks, self._settings, self._report = tasks, settings, report
        self._reached: dict[str, AmountReached] = {}
        """The amounts that were found, by the ids of their chats."""

    def find(self, content: StructuredContent) -> None:
        """Offer a higher amount at the prompt box; not for a chat of another machine, which has settings of its own."""
        if content.chat.machine.has_our_files:
            self._tasks.start(self._find(content), "the amount that is reached")

    async def _find(self, content: StructuredContent) -> None:
        chat = content.chat
        try:
            reached = await chat.machine.call(amount_reached, chat.session_id)
        except OutliveError:
            return  # The other two buttons are enough.
        line = content.view.prompt.amount
        if reached is not None and line is not None:
            self._reached[chat.id] = reached
            line.show_next_amount(number_words(reached.next_amount, reached.currency))

    def raise_for(self, content: StructuredContent) -> None:
        """Ask from the next amount on, and let the host look again at the prompt."""
        if (reached := self._reached.get(content.chat.id)) is None:
            return
        try:
            self._settings.write({reached.setting: reached.next_amount}, "chats")
        except ConfigError as error:
            self._report(str(error))
            return
        content.send(ReleaseHeld())
