"""The examples of ``resources/guide/settings.md``, printed from the rows: ``python -m tests.support.settings_page``."""

from __future__ import annotations

import json
import re
from typing import Final

from gui.settings.table import SETTINGS, Choice, Number, Setting
from tests.support.commands import REPOSITORY

PAGE: Final = REPOSITORY / "resources" / "guide" / "settings.md"
_COMMENTS_AT: Final = 34
_LARGE: Final = 10_000
"""A maximum from here on is of no interest to users."""


def printed(page: str) -> str:
    """The page with all its examples printed anew; the text around them stays."""
    return re.sub(r"(?<=\n## )(window|chats|endpoint)(\.toml\n.*?\n```\n).*?(?=```\n)", _example, page, flags=re.DOTALL)


def _example(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}" + "".join(_line(setting) for setting in SETTINGS if setting.file == found[1])


def _line(setting: Setting) -> str:
    label = setting.label() + "".join(f"{mark} {text}" for mark, text in zip(":;;", _values(setting), strict=False))
    comment = f"{label}. {setting.help()}".removesuffix(".") if setting.help else label
    return f"{setting.key} = {json.dumps(setting.default)}".ljust(_COMMENTS_AT) + f"# {comment}\n"


def _values(setting: Setting) -> list[str]:
    """What the comment says of the values, in up to three parts."""
    match setting.kind:
        case Choice(texts=texts):
            said = [", ".join(map(json.dumps, texts))]
        case Number(minimum, maximum, unit, zero):
            limits = f"{minimum} to {maximum}" if maximum < _LARGE else "in"
            said = [f"{limits} {unit() if unit else ''}".rstrip()] + ([f"0: {_lower(zero())}"] if zero else [])
        case _:
            said = []
    return said + ([setting.in_file] if setting.in_file else [])


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


if __name__ == "__main__":
    PAGE.write_text(printed(PAGE.read_text("utf-8")), "utf-8")
