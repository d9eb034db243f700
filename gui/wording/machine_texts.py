"""Texts about the user's other machines."""

from __future__ import annotations

from datetime import UTC, datetime

from gui.wording.phrases import first_upper, told_time, without_remedy
from gui.wording.text import Text
from session_host.errors import LoginNeeded, NotInstalled, OldVersion, Unreachable

MACHINES = Text("Machines…")
ADD = Text("Add a machine…")
ADD_TITLE = Text("Add a machine")
SEARCH_HOSTS = Text("Host, or USER@HOST")
IN_SSH_CONFIG = Text("in your ssh configuration")
ANOTHER = Text("Another machine…")
ANOTHER_NAMED = Text("Add {destination}…")
DESTINATION = Text("Destination")
DESTINATION_EXAMPLE = Text("USER@HOST, as for ssh")
NAME_HERE = Text("Name here")
ADD_HINT = Text(
    "A terminal opens: ssh asks there for a password or a host key, and Outlive can be installed on the machine, "
    "without root.",
)
ADD_BUTTON = Text("Add")
ADDED = Text("{name} is added.")
GONE = Text("No longer in machines.toml: {names}. Chats there keep running, and are not listed here.")
CUT = Text("{name}: {count:,} chats run there, and {listed:,} of them are listed here.")
REMOVE = Text("Remove machine…")
NEW_CHAT = Text("New chat there…")
REMOVE_QUESTION = Text("Remove the machine {name}?")
REMOVE_DETAIL = Text("Its chats keep running there, and are no longer listed here.")
REMOVE_BUTTON = Text("Remove")
LOG_IN = Text("Log in…")
INSTALL = Text("Install…")
UPGRADE = Text("Upgrade…")
UPGRADE_TO = Text("Upgrade to Outlive {version}…")
TRY_NOW = Text("Try now")
STOP_FORWARDING = Text("Stop forwarding port {port}")
NAME_OF_ADDING = Text("add {name}")
NAME_OF_LOGIN = Text("log in to {name}")
NAME_OF_INSTALLATION = Text("install on {name}")
"""The names of the chats in which ssh asks the user, and Outlive is installed."""
SEARCH_MACHINES = Text("Search machines")
TAKEN = Text("{name} is a machine already")
CHATS = Text("{count:,} running")
VERSION = Text("Outlive {version}")
REACHABLE = Text("reachable")
CONNECTING = Text("connecting…")
THIS_MACHINE = Text("This machine")


def on_machine(name: str, machine: str) -> str:
    """A chat's name with its machine's: "api-fix on build1"; of this machine (""), the name alone."""
    return Text("{name} on {machine}")(name=name, machine=machine) if machine else name


def unreachable(since: datetime | None) -> str:
    """The state of a machine without a connection: "unreachable since 10:32", "connecting…" before that has failed."""
    if since is None:
        return CONNECTING()
    return Text("unreachable since {time}")(time=told_time(since, datetime.now(UTC)))


def unreachable_machine(name: str, since: datetime | None) -> str:
    """The beginning of a line that says why a machine cannot be reached."""
    return Text("{name} is {state}")(name=name, state=unreachable(since))


def state(error: Unreachable | None, since: datetime | None) -> str:
    """The state of a machine that cannot be reached, below the heading "unreachable"."""
    if isinstance(error, LoginNeeded):
        return Text("needs a login")()
    if isinstance(error, OldVersion):
        return Text("needs an upgrade")()
    if isinstance(error, NotInstalled):
        return Text("needs Outlive")()
    if since is None:
        return CONNECTING()
    return Text("since {time}")(time=told_time(since, datetime.now(UTC)))


def reason(error: Unreachable | None, machine: str) -> str:
    """Why a machine cannot be reached, without its name and the command that helps."""
    return first_upper(without_remedy(str(error or CONNECTING())).removeprefix(f"{machine}: "))
