"""A device is paired by one code, once; what is kept is its hash alone."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from session_host.errors import OutliveError
from session_host.system.clock import as_text
from session_host.web import devices
from session_host.web.devices import CODE_CHARACTERS, PAIRING_S, TRIES, NoPairing, Pairing, Rights, WrongCode
from tests.support.area import Area

pytestmark = pytest.mark.usefixtures("area")


def test_the_code_pairs_one_device_and_only_its_hash_is_kept(area: Area) -> None:
    code = devices.begin_pairing(Rights.ANSWER)
    device, credential = devices.pair(f"{code[:4].lower()}-{code[4:]}", "Ada’s phone")
    assert (device.name, device.rights) == ("Ada’s phone", Rights.ANSWER)
    assert devices.load().of_credential(credential) == device
    content = devices.devices_file().read_text()
    assert credential not in content
    assert code not in content
    assert devices.devices_file().stat().st_mode & 0o777 == 0o600
    with pytest.raises(NoPairing):
        devices.pair(code, "another")


def test_five_wrong_codes_make_it_void() -> None:
    code = devices.begin_pairing(Rights.EVERYTHING)
    wrong = "".join(CODE_CHARACTERS[(CODE_CHARACTERS.index(each) + 1) % len(CODE_CHARACTERS)] for each in code)
    for left in range(TRIES - 1, -1, -1):
        with pytest.raises(WrongCode) as error:
            devices.pair(wrong, "phone")
        assert error.value.tries == left
    with pytest.raises(NoPairing):
        devices.pair(code, "phone")
    assert devices.load().devices == ()


def test_a_code_is_over_after_its_time_and_if_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    code = devices.begin_pairing(Rights.LOOK)
    pairing = devices.load().pairing
    assert pairing is not None
    assert not pairing.is_over
    assert Pairing(pairing.hash, pairing.rights, "2020-01-01T00:00:00Z").is_over
    assert Pairing(pairing.hash, pairing.rights, "2999-01-01T00:00:00Z").is_over
    assert PAIRING_S == 600
    monkeypatch.setattr(Pairing, "is_over", True)
    with pytest.raises(NoPairing):
        devices.pair(code, "phone")


def test_a_second_code_makes_the_first_one_void() -> None:
    first, second = devices.begin_pairing(Rights.LOOK), devices.begin_pairing(Rights.LOOK)
    with pytest.raises(WrongCode):
        devices.pair(first, "phone")
    devices.pair(second, "phone")


def test_devices_with_one_name_are_told_apart_and_revoked_by_it() -> None:
    names = []
    for _ in range(3):
        device, _credential = devices.pair(devices.begin_pairing(Rights.LOOK), "  my\nphone ")
        names.append(device.name)
    assert names == ["my phone", "my phone 2", "my phone 3"]
    devices.revoke("my phone 2")
    assert [each.name for each in devices.load().devices] == ["my phone", "my phone 3"]
    with pytest.raises(OutliveError, match="no device is called"):
        devices.revoke("my phone 2")


def test_a_damaged_file_lets_nobody_in() -> None:
    _device, credential = devices.pair(devices.begin_pairing(Rights.LOOK), "phone")
    devices.devices_file().write_text("{")
    with pytest.raises(OutliveError, match="pair your devices again"):
        devices.load().of_credential(credential)


def test_the_last_use_is_kept_by_the_minute() -> None:
    device, _credential = devices.pair(devices.begin_pairing(Rights.LOOK), "phone")
    assert not devices.is_use_noted(device)
    devices.note_use(device)
    [used] = devices.load().devices
    assert devices.is_use_noted(used)
    earlier = replace(used, last_used=as_text(time.time() - devices.USED_EVERY_S - 1))
    assert not devices.is_use_noted(earlier)
