"""The limit at the foot of the page's list."""

from __future__ import annotations

from session_host.client.usage import AccountLimits
from session_host.structured.items import UsageLimit
from session_host.web.forms import LimitUse
from session_host.web.rows import tightest_use
from tests.support.zones import in_zone

NOW_S = 1_800_000_000.0


def said(agent: str, *limits: tuple[float, float], account: str = "") -> AccountLimits:
    """An account's limits, as used shares and seconds until the reset; 0 for an unknown one."""
    found = (UsageLimit(str(n), used, 300, round((NOW_S + s) * 1000) if s else 0) for n, (used, s) in enumerate(limits))
    return AccountLimits(agent, account, tuple(found), "")


def test_the_fullest_limit_of_all_accounts_is_shown_by_its_accounts_name() -> None:
    accounts = [said("claude", (0.4, 60), (0.8, 3600), account="work"), said("codex", (0.7, 86_400))]
    with in_zone("Asia/Kathmandu"):
        assert tightest_use(accounts, NOW_S) == (LimitUse("work", 0.8, "14:45"), 3601.0)
        assert tightest_use(accounts, NOW_S + 90_000) == (None, None)
        assert tightest_use(accounts[1:], NOW_S) == (LimitUse("Codex", 0.7, "Sat 13:45"), 86_401.0)


def test_a_limit_without_a_reset_stays_until_another_is_said() -> None:
    assert tightest_use([said("my\nown", (0.1, 0))], NOW_S) == (LimitUse("my own", 0.1, ""), None)
    assert tightest_use([], NOW_S) == (None, None)
