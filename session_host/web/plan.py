"""From what the user asked for to where the page is served. What is wrong is one line."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import signal
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from session_host.errors import OutliveError, UsageError
from session_host.system import own_address
from session_host.system.network_changes import NetworkChanges
from session_host.system.tcp_sockets import End, is_here

from . import places
from .gate import Address
from .places import Served
from .serving import LOOPBACK, Listening, listener, serve

log = logging.getLogger(__name__)

LAN_PORT: Final = 7443
"""The port in the network, unless the user names another one: a page at another port is another page for browsers."""

CHOSEN: Final = ""
"""For ``Wish.lan``: the address is chosen."""


class NoNetwork(UsageError):
    """This computer has no address in a network now."""


class Wish(NamedTuple):
    """What the user asked for, as on the command line.

    Attributes:
        addresses: how browsers reach the page.
        port: the port to listen on; None for none.
        lan: the address in the network to listen on; ``CHOSEN`` for the one that this computer has, None for none.
        certificate, key: files; "" for none.
    """

    addresses: tuple[str, ...] = ()
    port: int | None = None
    lan: str | None = None
    certificate: str = ""
    key: str = ""


class Plan(NamedTuple):
    """Where the page is served.

    Attributes:
        listening: for the server.
        served: what is noted of it.
        fingerprint: of the certificate with which the port answers; "" for none.
    """

    listening: Listening
    served: Served
    fingerprint: str


def planned(wish: Wish) -> Plan:
    """Check what the user asked for, and complete it.

    Raises:
        NoNetwork: an address is to be chosen, and there is none.
        UsageError: it is wrong.
        OutliveError: the page's own certificate cannot be kept.
    """
    given = [_address(each) for each in wish.addresses]
    if wish.port is not None and not 0 < wish.port < 65536:
        raise UsageError(f"--port {wish.port}: a port is a number from 1 to 65535")
    if wish.key and not wish.certificate:
        raise UsageError("--key needs --certificate")
    if wish.lan is not None:
        return _in_network(wish, given, wish.port or LAN_PORT)
    if wish.certificate and wish.port is None:
        raise UsageError("--certificate needs --port or --lan")
    secured, fingerprint = _given_certificate(wish) if wish.certificate else (None, "")
    own = []
    if wish.port is not None:
        scheme = "https" if secured else "http"
        own = [_address(f"{scheme}://{name}:{wish.port}") for name in ("localhost", "127.0.0.1")]
    addresses = [*given, *own] or [_address(places.DEFAULT_ADDRESS)]
    hosts = LOOPBACK if wish.port is not None else ()
    served = Served(tuple(each.origin for each in addresses))
    return Plan(Listening(addresses, hosts, wish.port or 0, secured), served, fingerprint)


async def serve_as_planned(wish: Wish, on_listening: Callable[[Plan], None]) -> None:
    """Serve until SIGTERM or SIGINT; at another address once this computer has one, if its address was to be chosen.

    Args:
        wish: what the user asked for.
        on_listening: called each time all sockets listen.

    Raises:
        UsageError: it is wrong.
        OutliveError: an address cannot be used.
    """
    loop, over, changed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    try:
        first = await asyncio.to_thread(planned, wish)
        check_port(first)
    except NoNetwork:
        first = planned(Wish(wish.addresses))
    plan: Plan | None = first
    with contextlib.ExitStack() as stack:
        if wish.lan == CHOSEN:
            stack.callback(NetworkChanges(changed.set).close)
        while plan is not None:
            plan = await _served_until_moved(plan, wish, partial(on_listening, plan), over, changed)


async def _served_until_moved(
    plan: Plan, wish: Wish, on_listening: Callable[[], None], over: asyncio.Event, changed: asyncio.Event
) -> Plan | None:
    """Serve by a plan; returns the next one, None at the end."""
    ended, following = asyncio.Event(), None
    serving = asyncio.create_task(serve(plan.listening, partial(places.note, plan.served), on_listening, ended))
    waiting = {asyncio.create_task(over.wait()): "over", serving: "serving"}
    try:
        while following is None:
            moving = asyncio.create_task(changed.wait())
            waiting[moving] = "changed"
            done, _pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if moving not in done:
                break
            del waiting[moving]
            changed.clear()
            following = await asyncio.to_thread(_moved, plan, wish)
    finally:
        for each, what in waiting.items():
            if what != "serving":
                each.cancel()
        ended.set()
        await serving
    return following


def _moved(plan: Plan, wish: Wish) -> Plan | None:
    """The plan for another address that this computer has now; None if it has none, or the same."""
    try:
        found = planned(wish)
    except OutliveError as error:
        if not isinstance(error, NoNetwork):
            log.warning("the page stays where it is: %s", error)
        return None
    return found if found.served.addresses != plan.served.addresses else None


def check_port(plan: Plan) -> None:
    """Check that nobody has the port, while the page is not served.

    Raises:
        UsageError: somebody has; it names free ones.
    """
    port = plan.listening.port
    if not all(_is_free(host, port) for host in plan.listening.hosts):
        free = [each for each in range(port + 1, port + 20) if all(_is_free(h, each) for h in plan.listening.hosts)]
        others = f"; free are --port {' and '.join(map(str, free[:2]))}" if free else ""
        raise UsageError(f"another program has the port {port}{others}")


def _in_network(wish: Wish, given: list[Address], port: int) -> Plan:
    if wish.lan == CHOSEN:
        host = _chosen()
        names = [own_address.answered_name(host), host]
    else:
        host = _own_host(wish)
        names = [wish.lan or ""]
    own = [_at(each, port) for each in names if each]
    addresses = [*given, *(each for each in own if each not in given)]
    if wish.certificate:
        secured, fingerprint = _given_certificate(wish)
        facts = None
    else:
        from . import certificates  # 5 MB that a page without HTTPS of its own does not need

        certificate = certificates.own_certificate(_hosts_at(port, addresses))
        # A name that is not answered at this moment, as soon after a login, is one by which phones come.
        addresses += [each for name in certificate.names if (each := _at(name, port)) not in addresses]
        secured, facts = certificates.secured(str(certificate.file), ""), certificate.facts
        fingerprint = facts.fingerprint
    served = Served(tuple(each.origin for each in addresses), host, facts, own_address.opening_command(port))
    return Plan(Listening(addresses, (host,), port, secured), served, fingerprint)


def _chosen() -> str:
    """The address of this computer in its network; the certificate's, as long as this computer has that one.

    Raises:
        NoNetwork: there is none.
        UsageError: it is none of a network.
    """
    from . import certificates

    for before in certificates.known_addresses():
        if not before.is_loopback and is_here(End(str(before), 0)):
            return str(before)
    found = own_address.in_network()
    if not found:
        raise NoNetwork("this computer has no address in a network: connect it, or name one with --lan HOST")
    if found[0].is_global:
        raise UsageError(f"{found[0]}, this computer’s address, is one of the internet; --lan {found[0]} takes it")
    return str(found[0])


def _own_host(wish: Wish) -> str:
    """The address of this computer that the user named.

    Raises:
        UsageError: it is none.
    """
    host = wish.lan or ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        try:
            found = ipaddress.ip_address(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
        except (OSError, ValueError):
            raise UsageError(f"--lan {host}: that is no address; `--lan` alone chooses one") from None
    if found.is_unspecified:
        if not wish.certificate or not wish.addresses:
            raise UsageError(f"--lan {host}: name one address, or --certificate and --address")
    elif not is_here(End(str(found), 0)):
        raise UsageError(f"--lan {host}: this computer does not have that address")
    return str(found)


def _hosts_at(port: int, addresses: list[Address]) -> list[str]:
    """The names and addresses by which browsers reach a port of this computer itself."""
    found = [urlsplit(each.origin) for each in addresses if each.scheme == "https"]
    return [each.hostname or "" for each in found if (each.port or 443) == port]


def _given_certificate(wish: Wish) -> tuple[ssl.SSLContext, str]:
    from . import certificates

    context = certificates.secured(wish.certificate, wish.key)
    return context, certificates.fingerprint_in(wish.certificate)


def _at(host: str, port: int) -> Address:
    return _address(f"https://{f'[{host}]' if ':' in host else host}:{port}")


def _address(text: str) -> Address:
    try:
        return Address.of(text)
    except ValueError:
        raise UsageError(f"--address {text}: write it as https://NAME or http://localhost:PORT") from None


def _is_free(host: str, port: int) -> bool:
    try:
        with closing(listener(host, port)):
            return True
    except OSError as error:
        return error.errno != errno.EADDRINUSE
