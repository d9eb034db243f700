"""The account of a new chat: its variables are fixed into the launch, and an agent chooses none.

A chat that resumes or forks another one has that one's account, also if the agent's file no longer has it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from session_host.agents.agent import Agent
from session_host.errors import NotAllowed, UsageError
from session_host.protocol.facts import ChatFacts
from session_host.standing.accounts import account_name
from session_host.storage.store import Store
from session_host.system.processes.permission import agent_chats, split


class AccountPlace(NamedTuple):
    """What an account gives a chat.

    Attributes:
        account: its name; "" for the default one.
        overrides: the user's variables, with the account's.
        located_by: as in ``LaunchRequest``.
    """

    account: str
    overrides: dict[str, str]
    located_by: dict[str, str]


def place_of(agent: Agent, wanted: AccountPlace, previous: ChatFacts | None, store: Store) -> AccountPlace:
    """The place of a new chat.

    Args:
        agent: its agent.
        wanted: what is asked for, without the account's variables.
        previous: the chat that it resumes or forks.
        store: the open store.

    Raises:
        NotAllowed: this process belongs to an agent that has another account.
        UsageError: the agent has no such account, or the user sets one of its variables, too.
    """
    if previous is not None:
        stored = store.get(previous.id) or previous
        return wanted._replace(account=stored.origin.account)
    if chats := agent_chats(os.getpid()):
        return _starters(agent, wanted, _starter(agent.name, chats, store))
    variables = agent.account(wanted.account)
    for name, value in variables.items():
        if wanted.overrides.get(name, value) != value:
            raise UsageError(f"the account {wanted.account} sets {name}: leave out one of the two")
    return wanted._replace(overrides={**wanted.overrides, **variables})


def _starter(agent: str, chats: tuple[str, ...], store: Store) -> ChatFacts | None:
    """The nearest chat of this agent among those that start a chat; None for none."""
    running = {split(each.origin.agent_chats)[:1]: each for each in store.running() if each.origin.agent == agent}
    return next((running[chat,] for chat in chats if (chat,) in running), None)


def _starters(agent: Agent, wanted: AccountPlace, starter: ChatFacts | None) -> AccountPlace:
    """The place of a chat that an agent starts: the account of its own chat, where that one has its files."""
    origin = starter.origin if starter is not None else None
    account = origin.account if origin is not None else ""
    if wanted.account not in {"", account}:
        own = account_name("the default one", account)
        raise NotAllowed(
            f"an agent starts chats with its own account, {own}; only the user chooses {wanted.account}: "
            f"outlive new {agent.name} --account {wanted.account}"
        )
    of_accounts = {name for each in agent.accounts.values() for name in each.env}
    if chosen := sorted(of_accounts & wanted.overrides.keys()):
        raise NotAllowed(f"{chosen[0]} chooses an account, which only the user may do; leave it out")
    if origin is None or not (agent.accounts or account):
        return wanted
    names = of_accounts | origin.located_by.keys()
    variables = {name: value for name, value in origin.overrides.items() if name in names}
    return AccountPlace(account, wanted.overrides | variables, origin.located_by)
