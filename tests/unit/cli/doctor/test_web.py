"""What the doctor says of the page for the phone: whether it is served, how it is reached, who may use it."""

from __future__ import annotations

import socket

import pytest

from session_host.cli.doctor.check import Status
from session_host.cli.doctor.web import page
from session_host.paths import ensure_private, runtime_dir
from session_host.web import devices, places
from tests.support.page_server import let_in

pytestmark = pytest.mark.usefixtures("area")


def test_without_devices_it_need_not_be_served() -> None:
    [check] = page()
    assert (check.status, check.message) == (Status.OK, "not served; `outlive web on` serves it")


def test_devices_without_a_server_are_told_how_to_get_one() -> None:
    let_in("phone")
    [check] = page()
    assert (check.status, check.message, check.remedy) == (
        Status.WARN,
        "not served; 1 device paired",
        "outlive web on",
    )


def test_a_server_is_named_with_its_addresses_and_its_socket() -> None:
    ensure_private(runtime_dir())
    addresses = ("https://desk.example", "http://localhost:7070")
    places.note(places.Served(addresses))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.page_socket()))
        listener.listen(1)
        [check] = page()
    reached = f"{', '.join(addresses)}, and on the socket {places.page_socket()}"
    assert (check.status, check.message) == (Status.OK, f"served at {reached}; 0 devices paired")


def test_a_damaged_file_has_its_remedy() -> None:
    devices.begin_pairing()
    devices.devices_file().write_text("x")
    [check] = page()
    assert check.status is Status.WARN
    assert "pair your devices again" in check.remedy
