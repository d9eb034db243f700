"""All machines with chats, and what is known of a chat by its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from session_host.errors import NoSuchMachine
from session_host.protocol.facts import ChatFacts

from .chat import Chat, machine_of

if TYPE_CHECKING:
    from session_host.agents.agent import Agent

    from .machine_chats import MachineChats
    from .machine_files import MachineFiles


class Machines:
    """All machines.

    Attributes:
        by_name: what is read of each; this one is the first, and its name is "".
    """

    def __init__(self) -> None:
        self.by_name: dict[str, MachineChats] = {}

    @property
    def here(self) -> MachineChats:
        """This machine."""
        return self.by_name[""]

    def named(self, name: str) -> MachineChats:
        """The machine of this name.

        Raises:
            NoSuchMachine: it was removed.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise NoSuchMachine(f"the machine {name!r} was removed") from None

    def agent_of(self, chat: Chat) -> Agent | None:
        """A chat's agent, from the catalog of its machine; from this machine's while that one is unknown."""
        return self.agent_named(chat.record.origin.agent, chat.machine.name)

    def letters_of(self, chat: Chat) -> str:
        """The letters of a chat's agent."""
        agent = self.agent_of(chat)
        return agent.monogram if agent is not None else chat.record.origin.agent[:2]

    def agent_named(self, name: str, machine: str) -> Agent | None:
        """The agent of this name, from the catalog of a machine; from this machine's while that one is unknown."""
        known = self.by_name.get(machine)
        catalog = (known.agents if known is not None else {}) or self.here.agents
        return catalog.get(name)

    def home_of(self, record: ChatFacts) -> str:
        """The user's home directory on a chat's machine; "" while unknown."""
        known = self.by_name.get(machine_of(record.id))
        return known.machine.home if known is not None else ""

    def files_of(self, chat: Chat) -> MachineFiles:
        """The files of a chat's machine."""
        return self.by_name[chat.machine.name].files
