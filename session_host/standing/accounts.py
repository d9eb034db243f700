"""An agent's accounts, in the words of every front. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from session_host.protocol.facts import Origin


def with_account(title: str, account: str) -> str:
    """An agent with its account, "Claude Code, work"; its title alone for the default account, ""."""
    return f"{title}, {account}" if account else title


def account_name(title: str, account: str) -> str:
    """The shortest name of an account, "work"; the agent's title for the default one."""
    return account or title


def of_account(what: str, account: str) -> str:
    """A thing of an account, "5-hour limit of account work"; of the default one, the thing alone."""
    return f"{what} of account {account}" if account else what


def with_several_accounts(chats: Iterable[Origin]) -> frozenset[str]:
    """The agents, by their names, of which the chats have more than one account: only these need the account's name."""
    found: dict[str, set[str]] = {}
    for each in chats:
        found.setdefault(each.agent, set()).add(each.account)
    return frozenset(agent for agent, accounts in found.items() if len(accounts) > 1)
