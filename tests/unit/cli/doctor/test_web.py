"""What the doctor says of the page for the phone: nothing to those who do not use it."""

from __future__ import annotations

import socket

import pytest

from session_host.cli.doctor.check import Status
from session_host.cli.doctor.web import page
from session_host.paths import ensure_private, runtime_dir
from session_host.web import devices, places
from session_host.web.devices import Rights

pytestmark = pytest.mark.usefixtures("area")


def test_nothing_is_said_without_devices_and_server() -> None:
    assert list(page()) == []


def test_devices_without_a_server_are_told_how_to_get_one() -> None:
    devices.pair(devices.begin_pairing(Rights.LOOK), "phone")
    [check] = page()
    assert (check.status, check.message, check.remedy) == (
        Status.WARN,
        "not served; 1 device paired",
        "outlive web on",
    )


def test_a_server_is_named_with_its_address() -> None:
    ensure_private(runtime_dir())
    places.note_addresses(["https://desk.example"])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.page_socket()))
        listener.listen(1)
        [check] = page()
    assert (check.status, check.message) == (Status.OK, "served at https://desk.example; 0 devices paired")


def test_a_damaged_file_has_its_remedy() -> None:
    devices.begin_pairing(Rights.LOOK)
    devices.devices_file().write_text("x")
    [check] = page()
    assert check.status is Status.WARN
    assert "pair your devices again" in check.remedy
