"""The actions on other machines. What needs a terminal is an ``outlive`` command in a tab, where ssh asks the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.finding.ranking import Ranking, Texts
from gui.window.actions.chats.starting import StartActions
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.sheets.chooser import Choice, Chooser, Found, ListedChoices
from gui.window.sheets.question import Question
from gui.window.widgets.parts import Way
from gui.wording import machine_texts
from session_host.client.chats.directories import LOOK_TIMEOUT_S
from session_host.errors import LoginNeeded, NotInstalled, OldVersion
from session_host.patience import within
from session_host.system.event_loop import to_its_end_in_thread
from session_host.system.installation import outlive_command
from session_host.version import VERSION, is_older

if TYPE_CHECKING:
    from session_host.machines.remote import RemoteMachine


class MachineActions(QObject):
    """The actions on other machines in one window. A machine is named by its name in ``machines.toml``."""

    def __init__(self, context: WindowContext, starting: StartActions) -> None:
        super().__init__(context.window)
        self._sessions, self._others = context.sessions, context.sessions.others
        self._sheets, self._banners = context.sheets, context.banners
        self._starting = starting

    # ------------------------------------------------------------ adding

    def add(self) -> None:
        """Ask which machine to add: a host of the user's ssh configuration, or another one."""
        from session_host.machines.ssh import configured_hosts

        try:
            hosts = within(LOOK_TIMEOUT_S, configured_hosts)  # What is typed next is for the list.
        except TimeoutError:
            hosts = []
        destinations = {machine.link.entry.destination for machine in self._others.machines.values()}
        if new := [host for host in hosts if host not in destinations]:
            title = machine_texts.ADD_TITLE()
            self._sheets.chooser.ask(title, machine_texts.SEARCH_HOSTS(), _Hosts(new, self._add_host, self._ask))
        else:
            self._ask("")

    def _add_host(self, host: str) -> None:
        """Add a host of the configuration by its own name, if a machine can have it."""
        from session_host.machines.names import problem_of_name

        if host in self._others.machines or problem_of_name(host):
            self._ask(host)
        else:
            self._run_adding(host, host)

    def _ask(self, destination: str) -> None:
        self._sheets.add_machine.ask(destination, set(self._others.machines), self._run_adding)

    def _run_adding(self, name: str, destination: str) -> None:
        def tell(has_succeeded: bool) -> None:
            if has_succeeded:
                self._others.read()
                start = partial(self._starting.new_chat_on, name)
                self._banners.show_banner(
                    Banner(machine_texts.ADDED(name=name), machine_texts.NEW_CHAT(), start, key="machines")
                )

        self._run(machine_texts.NAME_OF_ADDING(name=name), ["machines", "add", name, destination], tell)

    # ------------------------------------------------------------ one machine

    def remedy(self, name: str) -> Way | None:
        """The action that may make an unreachable machine reachable; None for one that can be reached."""
        machine = self._others.machines.get(name)
        if machine is None or machine.unreachable_since is None:
            return None
        match machine.link.error:
            case LoginNeeded():
                return machine_texts.LOG_IN(), lambda: self.login(name)
            case OldVersion():
                return machine_texts.UPGRADE(), lambda: self.install(name)
            case NotInstalled():
                return machine_texts.INSTALL(), lambda: self.install(name)
            case _:
                return machine_texts.TRY_NOW(), lambda: self.try_now(name)

    def ways(self, name: str) -> Sequence[Way]:
        """The actions on a machine, for its menu.

        The machine's state may change while the user aims: the first actions do no harm then, and *Remove* is the last.
        """
        ways = [remedy] if (remedy := self.remedy(name)) is not None else []
        machine = self._others.machines.get(name)
        if machine is not None and machine.is_reachable:
            ways.append((machine_texts.NEW_CHAT(), lambda: self._starting.new_chat(directory="~", machine=name)))
        elif remedy is None:
            ways.append((machine_texts.TRY_NOW(), lambda: self.try_now(name)))
        if machine is not None and remedy is None and is_older(machine.link.version):
            ways.append((machine_texts.UPGRADE_TO(version=VERSION), lambda: self.install(name)))
        for port in self._others.forwarded_ports(name):
            stop = partial(self._others.stop_forwarding, name, port)
            ways.append((machine_texts.STOP_FORWARDING(port=port), stop))
        return *ways, (machine_texts.REMOVE(), lambda: self.remove(name))

    def login(self, name: str) -> None:
        """Log in to a machine, in a tab."""
        title = machine_texts.NAME_OF_LOGIN(name=name)
        self._run(title, ["machines", "login", name], lambda _has_succeeded: self.try_now(name))

    def install(self, name: str) -> None:
        """Install this version of Outlive on a machine, in a tab; its chats keep running."""
        title = machine_texts.NAME_OF_INSTALLATION(name=name)
        self._run(title, ["upgrade", "--on", name], lambda _has_succeeded: self._use_installed(name))

    def _use_installed(self, name: str) -> None:
        """Connect to what is installed there now, also if a chat could not be upgraded."""
        machine = self._others.machines.get(name)
        if machine is not None and not (machine.is_reachable and machine.link.version == VERSION):
            machine.link.reconnect()

    def try_now(self, name: str) -> None:
        """Connect to a machine now, as the configuration of ssh says now."""
        if (machine := self._others.machines.get(name)) is not None:
            machine.try_now()

    def remove(self, name: str) -> None:
        """Forget a machine after a question; its chats keep running."""
        self._sheets.question.ask(
            Question(
                machine_texts.REMOVE_QUESTION(name=name),
                machine_texts.REMOVE_BUTTON(),
                lambda: self._sessions.tasks.start(self._remove(name), "remove a machine"),
                machine_texts.REMOVE_DETAIL(),
            )
        )

    async def _remove(self, name: str) -> None:
        from session_host.machines import names

        await to_its_end_in_thread(partial(names.remove, name))
        self._others.read()

    def _run(self, title: str, arguments: list[str], on_end: Callable[[bool], object]) -> None:
        """Run an ``outlive`` command in a tab, which goes when it has succeeded."""
        self._starting.run([*outlive_command(), *arguments], title, on_end=on_end)

    # ------------------------------------------------------------ all machines

    def choose(self) -> None:
        """List the machines; the chosen one's actions are listed next."""
        if self._others.machines:
            self._list.ask(machine_texts.MACHINES(), machine_texts.SEARCH_MACHINES(), self)
        else:
            self.add()

    def find(self, typed: str) -> Iterator[Found]:
        """The machines, and *Add a machine…*; see ``Choices``."""
        choices = [Choice(name, self._facts(name), partial(self._choose_way, name)) for name in self._others.machines]
        return ListedChoices([*choices, Choice(machine_texts.ADD(), "", self.add)]).find(typed)

    @cached_property
    def _list(self) -> Chooser:
        """The list; it follows the machines' states while it shows them."""
        self._others.state_changed.connect(self._list_again)
        self._others.changed.connect(self._list_again)
        return self._sheets.chooser

    def _list_again(self) -> None:
        self._list.list_again(self)

    def _choose_way(self, name: str) -> None:
        choices = [Choice(label, "", run) for label, run in self.ways(name)]
        self._sheets.chooser.ask(name, name, choices)

    def _facts(self, name: str) -> str:
        machine = self._others.machines[name]
        running = sum(chat.machine is machine for chat in self._sessions.listed.running())
        facts = [
            "" if machine.link.entry.destination == name else machine.link.entry.destination,
            _state(machine),
            machine_texts.CHATS(count=running),
            machine_texts.VERSION(version=machine.link.version) if machine.link.version else "",
        ]
        return " · ".join(filter(None, facts))


def _state(machine: RemoteMachine) -> str:
    return machine_texts.REACHABLE() if machine.is_reachable else machine_texts.unreachable(machine.unreachable_since)


class _Hosts:
    """The hosts of the ssh configuration, and the destination that is typed."""

    def __init__(self, hosts: Sequence[str], add: Callable[[str], object], ask: Callable[[str], object]) -> None:
        self._hosts, self._add, self._ask = hosts, add, ask
        self._ranking = Ranking([Texts(host, "", "") for host in hosts])

    def find(self, typed: str) -> Iterator[Found]:
        """See ``Choices``."""
        for match in self._ranking.find(typed):
            host = self._hosts[match.number]
            choice = Choice(host, machine_texts.IN_SSH_CONFIG(), partial(self._add, host))
            yield Found(choice, match.fit.positions)
        destination = typed.strip()
        title = machine_texts.ANOTHER_NAMED(destination=destination) if destination else machine_texts.ANOTHER()
        yield Found(Choice(title, "", partial(self._ask, destination)))
