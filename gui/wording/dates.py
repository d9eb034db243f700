"""Times of day and dates as the user writes them: by LC_TIME. Numbers do not follow the locale: they have a point.

Qt's own locale is no help: it mixes the digits of LC_NUMERIC with the names of LC_TIME, and knows only whole dates.
"""

from __future__ import annotations

import os
import re
from datetime import date, datetime
from typing import Final

from PySide6.QtCore import QDate, QLocale, Qt, QTime

_LONG, _SHORT = QLocale.FormatType.LongFormat, QLocale.FormatType.ShortFormat
_TOKENS: Final = re.compile(r"'[^']*'|d+|M+|y+|[^dMy']+")
"""The parts of a date's format: a quoted text, a day or weekday, a month, a year, what stands between them."""
_ATTACHED: Final = re.compile(r"[^\s,،()]*")
"""What belongs to the field before it, as "日" does in "5月2日"."""
_ISOLATED: Final = "\u2068{}\u2069"
"""Keeps a text from changing the order of what stands beside it (UAX #9)."""


def time_of_day(moment: datetime, *, seconds: bool = False) -> str:
    """A time of day, in local time: "14:03", "2:03 PM"."""
    local, locale = moment.astimezone(), _locale()
    # The short format of "C" has seconds.
    form = "HH:mm" if locale.language() is QLocale.Language.C else locale.timeFormat(_SHORT)
    if seconds:
        form = re.sub(r"(\W)mm", r"\1mm\1ss", form)
    return _set_apart(locale, locale.toString(QTime(local.hour, local.minute, local.second), form))


def day(date: date, today: date, *, is_short: bool = False) -> str:
    """A day, with its year if that is another one: "2 May", "May 2", "5月2日", "2 May 2025"; short ones: "12 Sep"."""
    locale = _locale()
    form = _part_of_date(locale, "dM" if date.year == today.year else "dMy")
    return _written(locale, date, form.replace("MMMM", "MMM") if is_short else form)


def month(date: date, today: date) -> str:
    """A month, with its year if that is another one: "May", "May 2025", "2025年5月"."""
    locale = _locale()
    form = _part_of_date(locale, "M" if date.year == today.year else "My")
    # Many languages have another form of the name, or a suffix, beside a day.
    return _written(locale, date, re.sub(r"MMMM('[^']*')?", f"'{locale.standaloneMonthName(date.month)}'", form))


def weekday(date: date, *, is_short: bool = False) -> str:
    """The name of a day of the week: "Friday"; a short one: "Fri"."""
    return _set_apart(_locale(), _locale().dayName(date.isoweekday(), _SHORT if is_short else _LONG))


def whole_date(date: date) -> str:
    """A day with its weekday and year: "Saturday, 2 May 2026"."""
    return _written(_locale(), date, _locale().dateFormat(_LONG))


def _locale() -> QLocale:
    """The locale of times and dates."""
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_TIME", "LANG"))
    return QLocale(next(filter(None, given), "C"))


def _part_of_date(locale: QLocale, fields: str) -> str:
    """The long date's format with only some of its fields, of "d", "M" and "y", in its own order."""
    tokens = _TOKENS.findall(locale.dateFormat(_LONG))
    found = [at for at, token in enumerate(tokens) if _field(token)]
    wanted = [at for at in found if _field(tokens[at]) in fields]
    between = range(wanted[0], wanted[-1] + 1)
    # A field that is left out takes what follows it along.
    left_out = {each for at in found if at not in wanted for each in (at, at + 1)}
    form = "".join(tokens[at] for at in between if at not in left_out)
    return form + (_ATTACHED.match("".join(tokens[wanted[-1] + 1 :][:1])) or [""])[0]


def _field(token: str) -> str:
    """The field that a part of a format is: "d", "M", "y", "w" for the weekday; "" for a text."""
    return "w" if token.startswith("ddd") else token[0] if token[0] in "dMy" else ""


def _written(locale: QLocale, date: date, form: str) -> str:
    return _set_apart(locale, locale.toString(QDate(date.year, date.month, date.day), form))


def _set_apart(locale: QLocale, text: str) -> str:
    return _ISOLATED.format(text) if locale.textDirection() is Qt.LayoutDirection.RightToLeft else text
