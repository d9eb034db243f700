"""An agent's accounts in words."""

from __future__ import annotations

from session_host.protocol.facts import Origin
from session_host.standing.accounts import account_name, of_account, with_account, with_several_accounts


def origin(agent: str, account: str = "") -> Origin:
    return Origin(id="", agent=agent, argv=[], cwd="", created_at="", account=account)


def test_the_default_account_has_the_agents_name() -> None:
    title = "Claude Code"
    assert (with_account(title, ""), with_account(title, "work")) == (title, "Claude Code, work")
    assert (of_account("limit", ""), of_account("limit", "work")) == ("limit", "limit of account work")
    assert (account_name(title, ""), account_name(title, "work")) == (title, "work")


def test_only_an_agent_with_two_accounts_in_a_list_needs_their_names() -> None:
    assert with_several_accounts([]) == frozenset()
    assert with_several_accounts([origin("claude", "work"), origin("claude", "work"), origin("codex")]) == frozenset()
    assert with_several_accounts([origin("claude"), origin("claude", "work"), origin("codex", "a")]) == {"claude"}
