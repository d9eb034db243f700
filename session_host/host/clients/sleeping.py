"""Whether a chat may be put to sleep, as far as its host knows, and putting it to sleep.

Only the host knows its agent's processes, queue and input line. What other chats and the disk say, its client looks at
(``client.chats.sleeping``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from session_host.host.driver.driver import Driver
from session_host.host.watchers.background import OWN_HOOK
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Done, Failed, Reply, Sleep, WhyAwake
from session_host.protocol.shown_command import shown_command
from session_host.protocol.values import ErrorCode
from session_host.standing.sleep import reasons, why_never
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.proc import memory_bytes
from session_host.system.processes.process_tree import ChatProcess, chat_processes, descendants, outside_session
from session_host.system.worker import Worker

MAX_NAMED = 3


class _Processes(NamedTuple):
    """The processes of a chat.

    Attributes:
        left: commands that run beside its agent.
        memory_bytes: that of all of them; None if the kernel does not tell it.
    """

    left: Sequence[ChatProcess]
    memory_bytes: int | None


async def answer(driver: Driver, facts: Callable[[], ChatFacts], request: WhyAwake | Sleep) -> Reply:
    """Say why the chat is not to be put to sleep, or put it to sleep; with ``anyway`` the reply names what ended."""
    found = await _look(driver)
    now = facts()  # After the look, during which a turn may begin.
    hindrances, never = _reasons(driver, now, found), why_never(now)
    if isinstance(request, WhyAwake):
        return Done(request.request, never or "; ".join(hindrances))
    if never or (hindrances and not request.anyway):
        return Failed(request.request, ErrorCode.AWAKE, never or "; ".join(hindrances))
    driver.freed_bytes = found.memory_bytes
    reply = await driver.performer.ask(driver.session.end_requests.request, request)
    return Done(request.request, "; ".join(hindrances)) if isinstance(reply, Done) else reply


def _reasons(driver: Driver, facts: ChatFacts, found: _Processes) -> list[str]:
    names = list(dict.fromkeys(shown_command(each.command.split()) for each in found.left))
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    runs = f"still runs {', '.join(names[:MAX_NAMED])}{more}" if names else ""
    return [*reasons(facts), *filter(None, (driver.kind.why_busy(), runs))]


async def _look(driver: Driver) -> _Processes:
    """Look at the processes of the chat, in a thread: there may be many."""
    process, mark = driver.program.process, Mark.of_chat(driver.spec.facts.id)
    counts_from = driver.watch.background.counts_from
    if process is None:
        return _Processes((), None)
    leader = process.pid

    def look() -> _Processes:
        everything = chat_processes(leader, mark)
        own = {each.pid for each in descendants(leader, mark)}
        # A command of a tool is in a session of its own; one that a tool has left in the agent's is no descendant.
        aside = {each.pid for each in outside_session(leader, mark)}
        left = [
            each
            for each in everything
            if counts_from is not None
            and each.started >= counts_from
            and (each.pid in aside or (own and each.pid not in own))
            and OWN_HOOK not in each.command
        ]
        return _Processes(left, memory_bytes(each.pid for each in everything))

    return await Worker().run(look)
