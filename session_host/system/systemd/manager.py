"""The user's systemd: transient scopes.

Sources: org.freedesktop.systemd1(5) for the calls and the signal, systemd.scope(5), systemd.service(5), systemd.kill(5)
and systemd.resource-control(5) for the properties, systemd.special(7) for the slice.
"""

from __future__ import annotations

from typing import Any

from session_host.system.dbus.bus import Bus, BusGone, Peer, Refused

MANAGER = Peer("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")

ROUNDS = 3
"""How often creating a scope and joining the existing one are tried in turn: the scope may be starting or ending."""

FURTHER_NAMES = range(2, 6)
"""Numbers for other names, used if a unit of another owner has the name and accepts no processes."""

Property = tuple[str, tuple[str, Any]]

_UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists"
_NO_SUCH_PROPERTY = "org.freedesktop.DBus.Error.PropertyReadOnly"
"""systemd's error for a property that it does not know."""


def move(bus: Bus, unit: str, description: str, pids: list[int]) -> str:
    """Move processes into a new scope, or into the existing one of this name; returns the scope's name.

    Raises:
        Refused: the processes stay where they are.
        TimedOut: the processes may still be moved.
        BusGone: the connection to the bus is lost.
    """
    bus.post(MANAGER, "Subscribe")  # systemd sends most signals only to subscribers
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
            continue  # A unit with one of the other names must not be joined.
        try:
            bus.call(MANAGER, "AttachProcessesToUnit", "ssau", unit, "", pids)
            return unit
        except Refused as error:
            refusal = error
    assert refusal
    raise refusal


def _start(bus: Bus, unit: str, description: str, further: list[Property]) -> str:
    """Start a scope, and wait until systemd's job has ended."""
    bus.subscribe(MANAGER, "JobRemoved", arg2=unit)
    properties: list[Property] = [
        ("Description", ("s", description)),
        *further,
        ("Slice", ("s", "app.slice")),
        # The unit is removed when its last process has ended in any way.
        ("CollectMode", ("s", "inactive-or-failed")),
        # Only a delegated unit accepts moved processes; it needs no controllers.
        ("DelegateControllers", ("as", [])),
    ]
    # If the kernel or systemd-oomd kills one process, the others continue.
    policy = ("OOMPolicy", ("s", "continue"))
    call = ("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail")
    try:
        answer = bus.call(MANAGER, *call, [*properties, policy], [])
    except Refused as error:
        if error.name != _NO_SUCH_PROPERTY:
            raise
        answer = bus.call(MANAGER, *call, properties, [])  # for an older systemd, whose scopes always continue
    while True:
        signal = bus.signal(MANAGER, "JobRemoved")
        if len(signal) != 4:
            raise BusGone("systemd sent an unexpected signal")
        _, job, _, result = signal
        if (job,) == answer:  # else the job is another one
            break
    if result != "done":
        raise Refused("", f"systemd's job ended as {result}")
    return unit
