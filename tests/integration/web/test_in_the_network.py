"""``outlive web --lan``: the computer's address is chosen, and followed when it changes."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator

import pytest
from cryptography import x509

from session_host.web import places
from session_host.web.certificates import fingerprint_of
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.networks import OtherMachine, needs_network, other_machine
from tests.support.page_server import PageServer
from tests.support.waiting import wait_until

pytestmark = needs_network


@pytest.fixture
def desk() -> Iterator[OtherMachine]:
    """The computer that serves; this one is the phone."""
    with other_machine() as machine:
        route(machine, "add", "default", "via", machine.address)
        yield machine


def route(machine: OtherMachine, *words: str) -> None:
    """Change the routes of the computer."""
    subprocess.run([*machine.argv, "ip", "route", *words], check=True, timeout=60)


def readdress(machine: OtherMachine, before: str, after: str) -> None:
    """Give the computer another address, as a network does."""
    interfaces = subprocess.run(
        [*machine.argv, "ip", "-brief", "address"], capture_output=True, text=True, check=True, timeout=60
    )
    name = next(line.split("@")[0] for line in interfaces.stdout.splitlines() if line.startswith("ot"))
    script = f"ip address del {before}/24 dev {name} && ip address add {after}/24 dev {name}"
    subprocess.run([*machine.argv, "sh", "-c", script], check=True, timeout=60)
    route(machine, "add", "default", "via", machine.address)


def served_at(address: str) -> bool:
    """Whether the page is served there, with the certificate that is noted."""
    served, link = places.served(), f"https://{f'[{address}]' if ':' in address else address}:7443"
    if served is None or served.addresses != (link,):
        return False
    sent = ssl.get_server_certificate((address, 7443), timeout=60)
    assert served.certificate is not None
    assert fingerprint_of(x509.load_pem_x509_certificate(sent.encode())) == served.certificate.fingerprint
    assert (served.lan, served.for_phone) == (address, link)
    return True


def test_a_phone_reaches_the_address_that_was_chosen(area: Area, sessions: Sessions, desk: OtherMachine) -> None:
    with PageServer(area, "--lan", prefix=desk.argv):
        assert served_at(desk.own_address)
        served = places.served()
        assert served is not None
        assert served.certificate is not None
        said = outlive("web", "pair").output
        assert f"Open https://{desk.own_address}:7443 on the phone" in said
        assert f"compare the end of its fingerprint, {served.certificate.end}" in said


def test_a_network_without_ipv4_has_the_page_too(area: Area, sessions: Sessions, desk: OtherMachine) -> None:
    script = f"""
        for name in $(ls /proc/sys/net/ipv4/conf | grep ^ot); do ip -4 address flush dev $name; done
        ip -6 route add default via {desk.address6}
    """
    subprocess.run([*desk.argv, "sh", "-c", script], check=True, timeout=60)
    with PageServer(area, "--lan", prefix=desk.argv):
        assert served_at(desk.own_address6)


def test_the_page_follows_the_computer_to_another_address(area: Area, sessions: Sessions, desk: OtherMachine) -> None:
    with PageServer(area, "--lan", prefix=desk.argv):
        assert served_at(desk.own_address)
        moved = desk.own_address.rpartition(".")[0] + ".77"
        readdress(desk, desk.own_address, moved)
        wait_until(lambda: served_at(moved), 60, "the page at the other address")
        served = places.served()
        assert served is not None
        assert served.certificate is not None
        assert served.certificate.why_new == "this computer’s addresses have changed"


def test_a_second_address_moves_no_page(area: Area, sessions: Sessions, desk: OtherMachine) -> None:
    """A cable beside the Wi-Fi: another address would be another page, at which each phone pairs again."""
    first = desk.own_address.rpartition(".")[0] + ".9"
    with PageServer(area, "--lan", prefix=desk.argv) as server:
        assert served_at(desk.own_address)
        server.end()
        script = f"""
            name=$(ls /proc/sys/net/ipv4/conf | grep ^ot)
            ip address flush dev $name
            for each in {first} {desk.own_address}; do ip address add $each/24 dev $name; done
        """
        subprocess.run([*desk.argv, "sh", "-c", script], check=True, timeout=60)
        route(desk, "add", "default", "via", desk.address)
        server.start()
        assert served_at(desk.own_address)


def test_at_login_the_page_waits_for_the_network(area: Area, sessions: Sessions, desk: OtherMachine) -> None:
    route(desk, "del", "default")
    with PageServer(area, "--lan", prefix=desk.argv):
        served = places.served()
        assert served is not None
        assert (served.lan, served.for_phone) == ("", ""), "no picture is shown"
        route(desk, "add", "default", "via", desk.address)
        wait_until(lambda: served_at(desk.own_address), 60, "the page in the network")
