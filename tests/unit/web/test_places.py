"""What the server says about where it serves, as desk and command read it."""

from __future__ import annotations

import json

import pytest

from session_host.paths import ensure_private, state_dir
from session_host.web import places
from session_host.web.places import Certificate, Served

pytestmark = pytest.mark.usefixtures("area")

CERTIFICATE = Certificate(
    ":".join(["AB"] * 28 + ["4F", "9A", "17", "C0"]), "2026-05-03T09:00:00Z", "2028-08-05T09:00:00Z"
)


def test_desk_and_phone_show_the_same_end_of_the_fingerprint() -> None:
    assert CERTIFICATE.end == "… 4F:9A : 17:C0"


def test_no_address_that_leads_a_phone_to_itself_is_for_a_phone() -> None:
    here = ("http://localhost:7070", "http://127.0.0.1:7070", "http://[::1]:7070", "http://page.localhost")
    assert Served(here).for_phone == ""
    assert Served((*here, "https://192.168.1.20:7443")).for_phone == "https://192.168.1.20:7443"
    assert Served(("https://desk.local:7443",)).for_phone == "https://desk.local:7443"


def test_addresses_that_version_0_1_0_kept_are_read() -> None:
    folder = ensure_private(ensure_private(state_dir()) / "web")
    (folder / "addresses.json").write_text(json.dumps(["https://desk.example"]))
    assert places.known_addresses() == ("https://desk.example",)
    assert places.page_link("near/x") == "https://desk.example/#/chat/near%2Fx"


def test_a_page_that_is_not_served_now_is_said_to_be_nowhere() -> None:
    places.note(Served(("https://desk.example",), certificate=CERTIFICATE))
    assert places.served() is None
    assert places.known_addresses() == ("https://desk.example",)
