"""Texts about the user's other machines."""

from __future__ import annotations

from datetime import UTC, datetime

from gui.wording.phrases import first_upper, short_clock, without_remedy
from gui.wording.text import Text
from session_host.errors import LoginNeeded, NotInstalled, OldVersion, Unreachable

MACHINES = Text("machines", "Machines…")
ADD = Text("machines", "Add a machine…")
ADD_TITLE = Text("machines", "Add a machine")
SEARCH_HOSTS = Text("machines", "Host, or USER@HOST")
IN_SSH_CONFIG = Text("machines", "in your ssh configuration")
ANOTHER = Text("machines", "Another machine…")
ANOTHER_NAMED = Text("machines", "Add {destination}…")
DESTINATION = Text("machines", "Destination")
DESTINATION_EXAMPLE = Text("machines", "USER@HOST, as for ssh")
NAME_HERE = Text("machines", "Name here")
ADD_HINT = Text(
    "machines",
    "A terminal opens: ssh asks there for a password or a host key, and Outlive can be installed on the machine, "
    "without root.",
)
ADD_BUTTON = Text("machines", "Add")
ADDED = Text("machines", "{name} is added.")
GONE = Text("machines", "No longer in machines.toml: {names}. Chats there keep running, and are not listed here.")
CUT = Text("machines", "{name}: {count:,} chats run there, and {listed:,} of them are listed here.")
REMOVE = Text("machines", "Remove machine…")
NEW_CHAT = Text("machines", "New chat there…")
REMOVE_QUESTION = Text("machines", "Remove the machine {name}?")
REMOVE_DETAIL = Text("machines", "Its chats keep running there, and are no longer listed here.")
REMOVE_BUTTON = Text("machines", "Remove")
LOG_IN = Text("machines", "Log in…")
INSTALL = Text("machines", "Install…")
UPGRADE = Text("machines", "Upgrade…")
UPGRADE_TO = Text("machines", "Upgrade to Outlive {version}…")
TRY_NOW = Text("machines", "Try now")
STOP_FORWARDING = Text("machines", "Stop forwarding port {port}")
NAME_OF_ADDING = Text("machines", "add {name}")
NAME_OF_LOGIN = Text("machines", "log in to {name}")
NAME_OF_INSTALLATION = Text("machines", "install on {name}")
"""The names of the chats in which ssh asks the user, and Outlive is installed."""
SEARCH_MACHINES = Text("machines", "Search machines")
TAKEN = Text("machines", "{name} is a machine already")
CHATS = Text("machines", "{count:,} running")
VERSION = Text("machines", "Outlive {version}")
REACHABLE = Text("machines", "reachable")
CONNECTING = Text("machines", "connecting…")
THIS_MACHINE = Text("machines", "This machine")


def on_machine(name: str, machine: str) -> str:
    """A chat's name with its machine's: "api-fix on build1"; of this machine (""), the name alone."""
    return Text("machines", "{name} on {machine}")(name=name, machine=machine) if machine else name


def unreachable(since: datetime | None) -> str:
    """The state of a machine without a connection: "unreachable since 10:32", "connecting…" before that has failed."""
    if since is None:
        return CONNECTING()
    return Text("machines", "unreachable since {time}")(time=short_clock(since, datetime.now(UTC)))


def unreachable_machine(name: str, since: datetime | None) -> str:
    """The beginning of a line that says why a machine cannot be reached."""
    return Text("machines", "{name} is {state}")(name=name, state=unreachable(since))


def state(error: Unreachable | None, since: datetime | None) -> str:
    """The state of a machine that cannot be reached, below the heading "unreachable"."""
    if isinstance(error, LoginNeeded):
        return Text("machines", "needs a login")()
    if isinstance(error, OldVersion):
        return Text("machines", "needs an upgrade")()
    if isinstance(error, NotInstalled):
        return Text("machines", "needs Outlive")()
    if since is None:
        return CONNECTING()
    return Text("machines", "since {time}")(time=short_clock(since, datetime.now(UTC)))


def reason(error: Unreachable | None, machine: str) -> str:
    """Why a machine cannot be reached, without its name and the command that helps."""
    return first_upper(without_remedy(str(error or CONNECTING())).removeprefix(f"{machine}: "))
