"""Lists the values of a setting of the agent in the shown chat, such as its models."""

from __future__ import annotations

from functools import partial
from typing import Literal

from gui.window.actions import action_table
from gui.window.all_sheets import Sheets
from gui.window.page.banners import BannerArea
from gui.window.page.structured_page import StructuredPage
from gui.window.sheets.chooser import Choice
from gui.wording import notice_texts
from session_host.protocol.untrusted_text import one_line

Category = Literal["model", "mode", "effort"]
CATEGORIES: tuple[Category, ...] = ("model", "mode", "effort")


def choose_setting(page: StructuredPage, category: Category, sheets: Sheets, banners: BannerArea) -> None:
    """List the values that the agent offers, and change the setting to the chosen one."""
    offered = [
        (setting, choice) for setting in page.settings if setting.category == category for choice in setting.choices
    ]
    if not offered:
        banners.inform(notice_texts.SETTING_NOT_OFFERED(chat=page.chat.name), key="agent setting")
        return
    choices = [
        Choice(
            one_line(choice.name or choice.id),
            one_line(choice.description),
            partial(page.change_setting, setting.id, choice.id),
        )
        for setting, choice in offered
    ]
    current = next((at for at, (setting, choice) in enumerate(offered) if setting.value == choice.id), 0)
    title = action_table.title(f"choose_{category}")
    sheets.chooser.ask(title, title, choices, marked=current)
