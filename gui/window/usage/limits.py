"""The limits of accounts, and the amounts at which the window asks before a turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.bridge.account_limits import LimitsOn
from gui.garbage import delete
from gui.theme.theme import Theme
from gui.window.widgets.limits import LimitLine, LimitSaid, line_columns
from gui.window.widgets.parts import label
from gui.wording import usage_texts
from gui.wording.machine_texts import on_machine
from session_host.protocol.usage import UsageSum
from session_host.standing.accounts import with_account
from session_host.standing.limits import limit_name, used_percent
from session_host.structured.items import UsageLimit
from session_host.system.clock import moment_of

from .figures import AgentOf


def said(limit: UsageLimit, now: datetime) -> LimitSaid:
    """A limit's line."""
    moment = moment_of(limit.resets_ms) if limit.resets_ms else None
    name = limit_name(limit.window_min, limit.name)
    return LimitSaid(name, used_percent(limit.used), usage_texts.until(moment, now))


class LimitsPanel(QWidget):
    """Every limit that an account says, below the account's name; accounts that say none, last."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: list[tuple[str, list[LimitSaid]]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_limits(self, limits: Sequence[LimitsOn], used: Iterable[UsageSum], agent_of: AgentOf) -> None:
        """Show the limits of accounts; of those that were ``used`` and say none, that they say nothing."""
        now = datetime.now(UTC)
        found = [
            (
                _title(each.account.agent, each.account.account, each.machine, agent_of),
                [said(one, now) for one in each.account.limits],
            )
            for each in limits
        ]
        known = {(each.account.agent, each.account.account) for each in limits}
        silent = sorted({(each.agent, each.account) for each in used} - known)
        found += [(_title(agent, account, "", agent_of), []) for agent, account in silent]
        if found != self._shown:
            self._shown = found
            self._make()

    def _make(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                delete(widget)
        if not self._shown:
            self._column.addWidget(label(usage_texts.NO_ACCOUNT_SAYS_LIMITS(), "secondary", wraps=True))
        columns = line_columns([line for _title, lines in self._shown for line in lines])
        for number, (title, lines) in enumerate(self._shown):
            head = label(title, "title")
            head.setContentsMargins(0, 18 if number else 0, 0, 2)
            self._column.addWidget(head)
            for line in lines:
                self._column.addWidget(LimitLine(self._theme, line, columns))
            if not lines:
                self._column.addWidget(label(usage_texts.NO_LIMITS(), "secondary"))


def _title(agent: str, account: str, machine: str, agent_of: AgentOf) -> str:
    return on_machine(with_account(agent_of(agent).title, account), machine)
