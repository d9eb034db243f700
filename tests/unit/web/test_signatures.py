"""A signature counts once, for one run of the server, and numbers may overtake each other."""

from __future__ import annotations

import base64
import random

import pytest

from session_host.web.signatures import KEPT_NUMBERS, MAX_NUMBER, Signatures, Signed
from tests.support.page_server import Key

ORIGIN = "http://localhost:7070"


def signed_by(key: Key, number: int = 1) -> Signed:
    return Signed.of(key.signed("GET", "/api/me?x=%20", ORIGIN, number=number))


def test_a_signature_is_good_in_one_run_only() -> None:
    run, next_run, key = Signatures(), Signatures(), Key()
    key.challenge = run.challenge
    signed = signed_by(key)
    assert run.is_good(signed, "GET", f"{ORIGIN}/api/me?x=%20")
    assert not next_run.is_good(signed, "GET", f"{ORIGIN}/api/me?x=%20")
    assert not run.is_good(signed, "GET", f"{ORIGIN}/api/me?x= ")
    assert not run.is_good(signed._replace(number=2), "GET", f"{ORIGIN}/api/me?x=%20")
    assert not run.is_good(signed._replace(key=Key().name), "GET", f"{ORIGIN}/api/me?x=%20")


def test_a_key_that_is_no_point_of_the_curve_signs_nothing() -> None:
    run, key = Signatures(), Key()
    key.challenge = run.challenge
    signed = signed_by(key)._replace(key=base64.b64encode(b"\4" + b"x" * 64).decode())
    assert not run.is_good(signed, "GET", f"{ORIGIN}/api/me?x=%20")
    for signature in (bytes(64), b"\xff" * 64):
        assert not run.is_good(signed_by(key)._replace(signature=signature), "GET", f"{ORIGIN}/api/me?x=%20")


@pytest.mark.parametrize("header", ["", "a", "a b c d", "a 1 c d", "\0 1 \0 \0", "é 1 b c"])
def test_what_is_no_signature_is_none(header: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Signed.of(header)


def test_a_number_that_no_browser_counts_to_is_none() -> None:
    whole = Key().signed("GET", "/", ORIGIN)
    for number in (str(MAX_NUMBER + 1), "9" * 5000, "-1", "1.5", "²"):
        with pytest.raises(ValueError, match=r".*"):
            Signed.of(whole.replace(" 1 ", f" {number} "))


def test_numbers_count_once_also_if_they_overtake_each_other() -> None:
    run, own = Signatures(), random.Random(7)
    numbers = list(range(1, 5000))
    for start in range(0, len(numbers), 100):  # Requests overtake each other within a window.
        part = numbers[start : start + 100]
        own.shuffle(part)
        for each in part:
            assert run.count("key", each) == 0
            assert run.count("key", each) > 0
    assert run.count("key", 4999 - KEPT_NUMBERS) > 4999, "one that was forgotten counts no more"
    assert run.count("another key", 1) == 0


def test_a_clock_that_was_set_back_is_told_from_where_to_count() -> None:
    run = Signatures()
    for number in range(10_000, 10_000 + KEPT_NUMBERS + 1):
        assert run.count("key", number) == 0
    following = run.count("key", 5)
    assert run.count("key", following) == 0
