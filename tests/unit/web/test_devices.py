"""A code only asks: who is let in is said at the desk, and the file has nothing that opens the page."""

from __future__ import annotations

import json
import time

import msgspec
import pytest
from msgspec.structs import replace

from session_host.errors import NotAllowed, OutliveError
from session_host.protocol.rights import Right
from session_host.system.clock import as_text
from session_host.web import devices
from session_host.web.devices import (
    ASKING_S,
    CODE_CHARACTERS,
    MAX_ASKING,
    PAIRING_S,
    Asking,
    Device,
    Pairing,
    Rights,
    WrongCode,
)
from tests.support.area import Area

pytestmark = pytest.mark.usefixtures("area")


def ask(key: str, code: str = "", number: str = "", name: str = "Firefox on Android") -> tuple[Asking, str]:
    """A browser asks."""
    return devices.ask(code, key, number, name, "192.168.1.34")


def let_in(key: str, rights: Rights = Rights.ANSWER, name: str = "phone") -> tuple[Device, str]:
    """A browser asks, and the user says yes; returns the device, and the number in its cookie."""
    asking, number = ask(key, devices.begin_pairing())
    return devices.let_in(asking.id, rights, name), number


def test_a_code_only_asks_and_the_desk_lets_in(area: Area) -> None:
    code = devices.begin_pairing()
    asking, number = ask("K1", f"{code[:4].lower()}-{code[4:]}")
    assert devices.load().devices == ()
    assert devices.load().asking == (asking,)
    assert (asking.name, asking.address, asking.lost) == ("Firefox on Android", "192.168.1.34", "")
    assert ASKING_S - 5 < asking.left_s <= ASKING_S
    device = devices.let_in(asking.id, Rights.LOOK, "Ada’s phone")
    assert (device.name, device.rights, device.key) == ("Ada’s phone", Rights.LOOK, "K1")
    saved = devices.load()
    assert (saved.devices, saved.asking) == ((device,), ())
    assert saved.of_key("K1") == saved.of_number(number) == device
    content = devices.devices_file().read_text()
    assert number not in content
    assert code not in content
    assert devices.devices_file().stat().st_mode & 0o777 == 0o600


def test_who_is_refused_is_in_no_list_and_may_ask_again_with_a_code() -> None:
    code = devices.begin_pairing()
    asking, _number = ask("K1", code)
    devices.refuse(asking.id)
    assert (devices.load().devices, devices.load().asking) == ((), ())
    with pytest.raises(OutliveError, match="asks no more"):
        devices.let_in(asking.id, Rights.LOOK, "phone")
    with pytest.raises(OutliveError, match="asks no more"):
        devices.refuse(asking.id)
    again, _number = ask("K1", code)
    assert again.id != asking.id


def test_a_wrong_code_asks_nothing_and_the_right_one_stays_valid() -> None:
    code = devices.begin_pairing()
    wrong = "".join(CODE_CHARACTERS[(CODE_CHARACTERS.index(each) + 1) % len(CODE_CHARACTERS)] for each in code)
    for _ in range(100):
        with pytest.raises(WrongCode):
            ask("thief", wrong)
    asking, _number = ask("K1", code)
    assert devices.load().asking == (asking,)


def test_without_a_pairing_the_answer_is_the_one_to_a_wrong_code() -> None:
    with pytest.raises(WrongCode) as none_is_open:
        ask("K1", "22222222")
    devices.begin_pairing()
    with pytest.raises(WrongCode) as another:
        ask("K1", "22222222")
    assert str(none_is_open.value) == str(another.value)


def test_a_code_is_over_after_its_time_and_if_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    code = devices.begin_pairing()
    pairing = devices.load().pairing
    assert pairing is not None
    assert not pairing.is_over
    assert Pairing(pairing.hash, "2020-01-01T00:00:00Z").is_over
    assert Pairing(pairing.hash, "2999-01-01T00:00:00Z").is_over
    assert PAIRING_S == 600
    monkeypatch.setattr(Pairing, "is_over", True)
    with pytest.raises(WrongCode):
        ask("K1", code)


def test_a_second_code_makes_the_first_one_void() -> None:
    first, second = devices.begin_pairing(), devices.begin_pairing()
    with pytest.raises(WrongCode):
        ask("K1", first)
    ask("K1", second)
    devices.end_pairing()
    with pytest.raises(WrongCode):
        ask("K2", second)
    assert len(devices.load().asking) == 1, "who has asked still asks"


def test_three_ask_at_once_and_no_two_show_one_word() -> None:
    code = devices.begin_pairing()
    found = [ask(f"K{number}", code)[0] for number in range(MAX_ASKING)]
    assert len({word for each in found for word in each.words}) == 2 * MAX_ASKING
    with pytest.raises(OutliveError, match="ask already"):
        ask("one more", code)
    devices.refuse(found[0].id)
    ask("one more", code)


def test_there_are_1024_words_and_each_is_drawn() -> None:
    words = devices._WORDS_FILE.read_text().split()
    assert len(set(words)) == len(words) == 1024
    assert all(each.isalpha() and each.islower() and 3 <= len(each) <= 8 for each in words)
    code, seen = devices.begin_pairing(), set()
    for number in range(40):
        asking, _number = ask(f"K{number}", code)
        seen |= set(asking.words)
        devices.refuse(asking.id)
    assert len(seen) > 60


def test_a_browser_that_asks_with_a_new_key_asks_in_place_of_its_old_one() -> None:
    code = devices.begin_pairing()
    asking, number = ask("K1", code)
    with pytest.raises(WrongCode):
        ask("thief", "", number)
    again, same = ask("K2", code, number)
    assert devices.load().asking == (again,)
    assert (same, again.id != asking.id) == (number, True)


def test_a_key_that_asks_goes_on_asking() -> None:
    code = devices.begin_pairing()
    asking, number = ask("K1", code)
    assert ask("K1", "", number) == (asking, number)
    again, other = ask("K1")  # The browser has not kept the cookie.
    assert (again.id, again.words) == (asking.id, asking.words)
    device = devices.let_in(asking.id, Rights.LOOK, "phone")
    assert devices.load().of_number(other) == device


def test_a_request_ends_by_its_time_or_when_it_is_withdrawn() -> None:
    code = devices.begin_pairing()
    asking, _number = ask("K1", code)
    old = replace(asking, at=as_text(time.time() - ASKING_S - 1), id="old", key="K2")
    ahead = replace(asking, at=as_text(time.time() + 3600), id="ahead", key="K3")
    assert (old.left_s, ahead.left_s) == (0.0, 0.0)
    saved = json.loads(devices.devices_file().read_text())
    saved["asking"] += [msgspec.to_builtins(each) for each in (old, ahead)]
    devices.devices_file().write_text(json.dumps(saved))
    assert devices.load().asking == (asking,)
    with pytest.raises(OutliveError, match="asks no more"):
        devices.let_in("old", Rights.LOOK, "phone")
    devices.withdraw("K1")
    assert devices.load().asking == ()


def test_a_browser_that_lost_the_key_asks_for_its_place_without_a_code() -> None:
    device, number = let_in("K1", Rights.EVERYTHING)
    other, _number = let_in("K2", name="other")
    asking, same = ask("K3", "", number)
    assert (asking.lost, same) == ("phone", number)
    newer, _number = ask("K4", "", number)
    assert [each.id for each in devices.load().asking] == [newer.id], "one such request a device"
    again = devices.let_in(newer.id, Rights.ANSWER, "phone")
    assert (again.key, again.name, again.rights, again.paired_at) == ("K4", "phone", Rights.ANSWER, device.paired_at)
    assert sorted(each.name for each in devices.load().devices) == ["other", "phone"]
    assert devices.load().of_key("K1") is None
    assert devices.load().of_key("K2") == other


def test_who_was_refused_in_the_place_of_a_device_does_not_ask_for_it_again() -> None:
    device, number = let_in("K1")
    asking, _number = ask("thief", "", number)
    devices.refuse(asking.id)
    with pytest.raises(WrongCode):
        ask("thief", "", number)
    assert devices.load().of_key("K1") == replace(device, was_refused=True), "the device itself is let in as before"
    asking, _number = ask("K2", devices.begin_pairing(), number)
    assert asking.lost == "phone"
    assert not devices.let_in(asking.id, Rights.ANSWER, "phone").was_refused


def test_a_device_of_010_is_asked_for_once_as_one_that_lost_its_key() -> None:
    let_in("K1")
    credential = "a-credential-of-0.1.0"
    old = {"name": "tablet", "rights": 2, "hash": devices.hash_of(credential), "paired_at": "2026-05-03T08:00:00Z"}
    pairing = {"hash": devices.hash_of("ABCDEFGH"), "rights": 2, "until": as_text(time.time() + 60), "tries": 5}
    devices.devices_file().write_text(json.dumps({"devices": [old], "pairing": pairing}))
    assert devices.load().pairing is None, "a code of 0.1.0 let in who had it"
    assert devices.load().of_key("") is None
    asking, _number = ask("K2", "", credential)
    assert asking.lost == "tablet"
    device = devices.let_in(asking.id, Rights.EVERYTHING, "tablet")
    assert (device.key, device.paired_at) == ("K2", "2026-05-03T08:00:00Z")


def test_a_server_of_010_finds_no_code_in_the_file() -> None:
    devices.begin_pairing()
    assert "pairing" not in json.loads(devices.devices_file().read_text())


def test_devices_with_one_name_are_told_apart_and_revoked_by_it() -> None:
    names, numbers = [], []
    for key in ("K1", "K2", "K3"):
        device, number = let_in(key, name="  my\nphone ")
        names.append(device.name)
        numbers.append(number)
    assert names == ["my phone", "my phone 2", "my phone 3"]
    ask("K4", "", numbers[1])
    devices.revoke("my phone 2")
    assert [each.name for each in devices.load().devices] == ["my phone", "my phone 3"]
    assert devices.load().asking == (), "nor does it ask any more"
    with pytest.raises(OutliveError, match="no device is called"):
        devices.revoke("my phone 2")


def test_what_a_browser_says_of_itself_is_one_short_line() -> None:
    asking, _number = ask("K1", devices.begin_pairing(), name="Fire\u202efox\n\x1b[31m" + "x" * 100)
    assert asking.name.isprintable()
    assert len(asking.name) <= 40
    assert ask("K2", devices.begin_pairing(), name=" ")[0].name == "phone"


def test_no_program_of_a_chat_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, _number = ask("K1", devices.begin_pairing())
    with monkeypatch.context() as inside:
        inside.setattr(devices, "is_of_chat", lambda _pid: True)
        with pytest.raises(NotAllowed, match="a program of a chat lets no device in"):
            devices.let_in(asking.id, Rights.LOOK, "phone")
    assert devices.load().devices == ()


def test_twenty_devices_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MAX_DEVICES", 2)
    _device, number = let_in("K1")
    let_in("K2")
    with pytest.raises(OutliveError, match="2 devices are paired"):
        let_in("K3")
    asking, _number = ask("K4", "", number)
    devices.let_in(asking.id, Rights.LOOK, "phone")


def test_a_damaged_file_lets_nobody_in() -> None:
    let_in("K1")
    devices.devices_file().write_text("{")
    with pytest.raises(OutliveError, match="pair your devices again"):
        devices.load()


def test_the_last_use_is_kept_by_the_minute() -> None:
    device, _number = let_in("K1")
    assert not devices.is_use_noted(device)
    devices.note_use(device)
    [used] = devices.load().devices
    assert devices.is_use_noted(used)
    earlier = replace(used, last_used=as_text(time.time() - devices.USED_EVERY_S - 1))
    assert not devices.is_use_noted(earlier)


def test_the_words_of_a_device_give_the_rights_that_they_gave_and_none_to_settings() -> None:
    given = {each.word: each.given for each in Rights}
    read, answer, control = Right.READ, Right.ANSWER, Right.CONTROL
    assert given == {"look": {read}, "answer": {read, answer}, "everything": {read, answer, control}}
    assert [each.value for each in Rights] == [0, 1, 2], "as in the file"
