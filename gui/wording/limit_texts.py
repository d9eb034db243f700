"""The limits of the user's subscription, as an agent reported them."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication

from gui.wording.chat_texts import joined
from gui.wording.phrases import short_clock
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import UsageLimit

translate = QCoreApplication.translate

_HOUR_MIN, _DAY_MIN, _WEEK_MIN, _MONTH_MIN = 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60


def percent(limit: UsageLimit) -> int:
    """The used share in percent, rounded down: 100 only if the limit is reached."""
    return int(limit.used * 100 + 1e-6)


def name(limit: UsageLimit) -> str:
    """The limit's name, such as "5-hour limit", "Weekly limit (Opus)"."""
    minutes = limit.window_min
    if not minutes:
        whole = translate("limits", "Usage limit")
    elif minutes == _WEEK_MIN:
        whole = translate("limits", "Weekly limit")
    elif minutes == _MONTH_MIN:
        whole = translate("limits", "Monthly limit")
    elif minutes % _DAY_MIN == 0:
        whole = translate("limits", "{count}-day limit").format(count=minutes // _DAY_MIN)
    elif minutes % _HOUR_MIN == 0:
        whole = translate("limits", "{count}-hour limit").format(count=minutes // _HOUR_MIN)
    else:
        whole = translate("limits", "{count}-minute limit").format(count=minutes)
    if not limit.name:
        return whole
    return translate("limits", "{limit} ({name})").format(limit=whole, name=one_line(limit.name))


def used(limit: UsageLimit, now: datetime) -> str:
    """How much of the limit is used: "5-hour limit 80 % · resets 14:30"."""
    text = translate("limits", "{limit} {percent} %").format(limit=name(limit), percent=percent(limit))
    return joined(text, _resets(limit, now))


def all_used(limits: list[UsageLimit], now: datetime) -> list[str]:
    """A line for each limit, and when the agent reported the last of them."""
    lines = []
    for limit in limits:
        text = translate("limits", "{limit}: {percent} % used").format(limit=name(limit), percent=percent(limit))
        lines.append(joined(text, _resets(limit, now)))
    if at_ms := max((limit.at_ms for limit in limits), default=0):
        time = short_clock(_moment(at_ms), now)
        lines.append(translate("limits", "Limits as the agent reported them: {time}").format(time=time))
    return lines


def _resets(limit: UsageLimit, now: datetime) -> str:
    if not limit.resets_ms:
        return ""
    return translate("limits", "resets {time}").format(time=short_clock(_moment(limit.resets_ms), now))


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
