"""The rows of the list: what the facts of chats mean is decided in ``standing``; the words are the page's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from session_host.agents.agent import Agent
from session_host.agents.catalog import load_catalog
from session_host.client.machine import Machine
from session_host.client.usage import AccountLimits, tightest
from session_host.errors import ConfigError
from session_host.paths import config_dir, short_directory
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import NEVER_S
from session_host.protocol.untrusted_text import one_line
from session_host.standing.accounts import account_name, with_account
from session_host.standing.clock_times import told_time
from session_host.standing.groups import Mark, Seen, group_of, in_group_since, mark_of, order_key
from session_host.standing.limits import is_over
from session_host.standing.row_line import project_hue, row_line
from session_host.standing.traits import traits_of
from session_host.structured.items import UsageLimit
from session_host.system.clock import as_text, moment_of

from .forms import LimitUse, Row

_ICONS: Final = {
    Mark.NEEDS_YOU: "asks",
    Mark.WORKING: "works",
    Mark.STARTING: "works",
    Mark.RUNNING: "fold",
    Mark.TURN_FAILED: "failed",
    Mark.FAILED: "failed",
}


def row_of(facts: ChatFacts, machine: Machine, *, is_reached: bool = True, taker: str = "") -> Row:
    """The row of a chat.

    Args:
        facts: the chat's, with our times.
        machine: where it runs.
        is_reached: whether the facts are of now.
        taker: the name of the chat that took over its task; "" if unknown.
    """
    agent = agent_named(facts.origin.agent)
    facts = replace(facts, status=replace(facts.status, doing=""))  # No event tells that it does something else.
    stale_s = min(agent.signals.stale_after_s if agent is not None else 60.0, NEVER_S)
    seen, now = Seen(is_unreachable=not is_reached, handed_to=taker), datetime.now(UTC)
    group = group_of(facts, seen, now)
    mark = mark_of(facts, seen, now)
    since = in_group_since(facts, stale_s)
    return Row(
        id=machine.prefix + facts.id,
        name=one_line(facts.entry.shown_name),
        agent=facts.origin.agent,
        agent_name=one_line(with_account(title_of(facts), facts.origin.account)),
        account=facts.origin.account,
        machine=machine.name,
        directory=one_line(short_directory(facts.origin.cwd, machine.home or None)),
        hue=project_hue(facts.origin.real_project),
        group=group,
        mark=mark,
        icon=_ICONS.get(mark, ""),
        words=row_line(facts, seen, now, lambda moment: told_time(moment, now), stale_s).text,
        since=as_text(since.timestamp()) if since is not None else "",
        order="\0".join(order_key(group, facts)),
        # One that is asleep has the page whose field wakes it.
        kind="conversation" if facts.is_asleep or reads_conversation(facts) else "screen",
    )


def tightest_use(accounts: Iterable[AccountLimits], now_s: float) -> tuple[LimitUse | None, float | None]:
    """The account's limit of which most is used, and after how many seconds one is reset; None for none."""
    found: list[tuple[UsageLimit, AccountLimits]] = []
    for account in accounts:
        left = [each for each in account.limits if not is_over(now_s * 1000, each.resets_ms)]
        if (limit := tightest(left)) is not None:
            found.append((limit, account))
    if not found:
        return None, None
    limit, account = max(found, key=lambda pair: (pair[0].used, pair[0].resets_ms))
    agent = agent_named(account.agent)
    name = account_name(agent.title if agent is not None else account.agent, account.account)
    resets_s = limit.resets_ms / 1000
    now = datetime.fromtimestamp(now_s, UTC)
    use = LimitUse(one_line(name), limit.used, told_time(moment_of(limit.resets_ms), now) if resets_s else "")
    return use, max(resets_s - now_s, 0.0) + 1 if resets_s else None


def reads_conversation(facts: ChatFacts) -> bool:
    """Whether Outlive reads a chat's conversation; else its screen is all there is."""
    agent = agent_named(facts.origin.agent)
    return traits_of(facts).has_transcript or (agent is not None and bool(agent.conversation.store))


def title_of(facts: ChatFacts) -> str:
    """The title of a chat's agent; its name if the catalog here does not have it."""
    agent = agent_named(facts.origin.agent)
    return agent.title if agent is not None else facts.origin.agent


def agent_named(name: str) -> Agent | None:
    """An agent of the catalog here; the user's own agents of another machine are unknown."""
    return agents().get(name)


@lru_cache(1)
def agents() -> dict[str, Agent]:
    """The agents of the catalog here, by their names; none if it cannot be read."""
    try:
        return dict(load_catalog(config_dir()))
    except ConfigError:
        return {}
