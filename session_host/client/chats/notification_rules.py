"""The user's rules for a chat's notifications, which apply in ``outlive attach``, too. Reads the disk.

A window writes them: which chats are muted into its layout (``gui.settings.layout``), the settings into ``window.toml``
(``gui.settings.preferences``). As in a window, what cannot be read is as if it were not set.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from session_host.errors import OutliveError
from session_host.paths import config_dir, database
from session_host.storage.store import Store
from session_host.toml_file import TomlFile

DEFAULT_LONG_TURN_S = 30
MAX_LONG_TURN_S = 86_400
_LONGEST_MUTING = timedelta(hours=31)
"""All chats are muted until the next morning at most; a later end shows that the clock was set back since."""


class NotificationRules(NamedTuple):
    """The rules for one chat.

    Attributes:
        is_muted: whether the user muted this chat, a chat that it continues, or for a time all chats.
        is_enabled: whether Outlive notifies of questions and turns at all.
        long_turn_s: the minimum duration of a turn with a notification at its end; 0 for none.
    """

    is_muted: bool
    is_enabled: bool
    long_turn_s: float


class _Layout(msgspec.Struct):
    muted: list[str] = []
    muted_until: str = ""


class _Settings(msgspec.Struct):
    notifications: bool = True
    long_turn_s: Annotated[int, msgspec.Meta(ge=0, le=MAX_LONG_TURN_S)] = DEFAULT_LONG_TURN_S


def read_rules(session_id: str) -> NotificationRules:
    """Read the rules for a chat that hold now."""
    settings = _settings()
    return NotificationRules(_is_muted(session_id), settings.notifications, settings.long_turn_s)


def _settings() -> _Settings:
    try:
        return msgspec.convert(TomlFile.read(config_dir() / "window.toml").values(), _Settings)
    except (OSError, ValueError, RecursionError, OutliveError):
        return _Settings()


def _is_muted(session_id: str) -> bool:
    try:
        with Store.open(database()) as store:
            layout = msgspec.convert(store.layout(), _Layout)
            if _are_all_muted(layout.muted_until):
                return True
            return bool(layout.muted) and any(each in layout.muted for each in _continued(store, session_id))
    except (OutliveError, msgspec.ValidationError):
        return False


def is_still_muted(until: datetime, now: datetime) -> bool:
    """Whether all chats, which were muted until a time, are still muted now.

    Raises:
        TypeError: one of the times has no zone.
    """
    return timedelta() < until - now <= _LONGEST_MUTING


def _are_all_muted(until: str) -> bool:
    try:
        return is_still_muted(datetime.fromisoformat(until), datetime.now(UTC))
    except (ValueError, TypeError):  # TypeError: a time without a zone, which no window writes.
        return False


def _continued(store: Store, session_id: str) -> Iterator[str]:
    """A chat and those that it continues: a window passes the muting on to the last one, but none may be open."""
    seen: set[str] = set()
    each: str | None = session_id
    while each and each not in seen:
        yield each
        seen.add(each)
        record = store.get(each)
        each = record.origin.resumed_from if record is not None else None
