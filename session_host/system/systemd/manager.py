"""The user's systemd: transient scopes and services.

Sources: org.freedesktop.systemd1(5) for the calls and the signal, systemd.scope(5), systemd.service(5), systemd.kill(5)
and systemd.resource-control(5) for the properties, systemd.special(7) for the slice.
"""

from __future__ import annotations

from resource import RLIMIT_NOFILE, getrlimit
from typing import Any

from session_host.system.dbus.bus import Bus, BusGone, Peer, Refused

from .scope import Service

MANAGER = Peer("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")

ROUNDS = 3
"""How often a new scope and joining the one that is there are tried in turn: it may be just beginning or ending."""

FURTHER_NAMES = range(2, 6)
"""Numbers of other names, tried when a unit has the name and takes no more processes: somebody else made it."""

RESTART_US = 50_000
"""A service that fails is started again after so long, in microseconds."""

MAX_DESCRIPTORS = 65536
"""How many descriptors systemd keeps for a service: eight a session."""

Property = tuple[str, tuple[str, Any]]

_UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists"
_NO_SUCH_PROPERTY = "org.freedesktop.DBus.Error.PropertyReadOnly"
"""What systemd says of a property that it does not know."""


def move(bus: Bus, unit: str, description: str, pids: list[int]) -> str:
    """Move processes into a new scope, or into the one that has the name; the name of the one they are in.

    Raises:
        Refused: they stay where they are.
        TimedOut: they may be moved yet.
        BusGone: as above.
    """
    bus.post(MANAGER, "Subscribe")  # most signals are sent only to those who did
    properties: list[Property] = [
        ("PIDs", ("au", pids)),
        # Shells that wait for input ignore SIGTERM: without SIGHUP a logout would wait 90 s for them.
        ("SendSIGHUP", ("b", True)),
    ]
    names = [unit] * ROUNDS + [f"{unit.removesuffix('.scope')}-{number}.scope" for number in FURTHER_NAMES]
    refusal: Refused | None = None
    for name in names:
        try:
            return _start(bus, name, description, properties)
        except Refused as error:
            if error.name != _UNIT_EXISTS:
                raise
            refusal = error
        if name != unit:
            continue  # What has one of the other names is not ours to join.
        try:
            bus.call(MANAGER, "AttachProcessesToUnit", "ssau", unit, "", pids)
            return unit
        except Refused as error:
            refusal = error
    assert refusal
    raise refusal


def start_service(bus: Bus, service: Service, pids: list[int]) -> str:
    """Start a service that keeps descriptors, and move processes into its control group; returns its name.

    Raises:
        Refused: there is no such service now, or the processes are not in it.
        TimedOut: there may be one yet.
        BusGone: as above.
    """
    hard_limit = getrlimit(RLIMIT_NOFILE)[1]
    bus.post(MANAGER, "Subscribe")
    properties: list[Property] = [
        ("ExecStart", ("a(sasb)", [(service.argv[0], service.argv, False)])),
        ("Environment", ("as", [f"{name}={value}" for name, value in service.environment.items()])),
        ("Restart", ("s", "on-failure")),
        ("RestartUSec", ("t", RESTART_US)),
        ("StartLimitIntervalUSec", ("t", 0)),
        ("FileDescriptorStoreMax", ("u", MAX_DESCRIPTORS)),
        # systemd cannot start a process with more descriptors than that may have open.
        ("LimitNOFILE", ("t", hard_limit)),
        ("LimitNOFILESoft", ("t", hard_limit)),
        # The processes that are moved into it speak to systemd, not its main process.
        ("NotifyAccess", ("s", "all")),
        # A restart or stop of the main process does not end the processes that were moved into it.
        ("KillMode", ("s", "process")),
    ]
    _start(bus, service.unit, service.description, properties)
    bus.call(MANAGER, "AttachProcessesToUnit", "ssau", service.unit, "", pids)
    return service.unit


def units(bus: Bus, pattern: str) -> dict[str, str]:
    """The loaded units that match a pattern (glob(7)): their names and objects' paths.

    Raises:
        Refused: systemd does not tell.
    """
    (found,) = bus.call(MANAGER, "ListUnitsByPatterns", "asas", [], [pattern])
    return {str(each[0]): str(each[6]) for each in found}


def held(bus: Bus, path: str) -> int:
    """How many descriptors systemd holds for the service with this object's path.

    Raises:
        Refused: systemd does not tell.
    """
    service = Peer(MANAGER.name, path, "org.freedesktop.DBus.Properties")
    ((_, count),) = bus.call(service, "Get", "ss", f"{MANAGER.name}.Service", "NFileDescriptorStore")
    return int(count)


def _start(bus: Bus, unit: str, description: str, further: list[Property]) -> str:
    """Start a transient unit, and wait for the end of systemd's job of it."""
    bus.subscribe(MANAGER, "JobRemoved", arg2=unit)
    properties: list[Property] = [
        ("Description", ("s", description)),
        *further,
        ("Slice", ("s", "app.slice")),
        # Nothing of it stays when its last process has ended, however that was.
        ("CollectMode", ("s", "inactive-or-failed")),
        # Processes can be moved only into a unit that is delegated; no controllers are wanted for it.
        ("DelegateControllers", ("as", [])),
    ]
    # One process that the kernel or systemd-oomd ends is not the end of the others.
    policy = ("OOMPolicy", ("s", "continue"))
    call = ("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail")
    try:
        answer = bus.call(MANAGER, *call, [*properties, policy], [])
    except Refused as error:
        if error.name != _NO_SUCH_PROPERTY:
            raise
        answer = bus.call(MANAGER, *call, properties, [])  # an older systemd, whose scopes always go on
    while True:
        signal = bus.signal(MANAGER, "JobRemoved")
        if len(signal) != 4:
            raise BusGone("systemd's signal is of another form")
        _, job, _, result = signal
        if (job,) == answer:  # else it is another's
            break
    if result != "done":
        raise Refused("", f"systemd's job ended as {result}")
    return unit
