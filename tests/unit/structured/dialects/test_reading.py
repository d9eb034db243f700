"""Reading fields that are missing or of another type."""

from __future__ import annotations

from session_host.structured.dialects import reading


def test_a_path_leads_to_a_value_or_to_nothing() -> None:
    value = {"a": [{"b": "text", "n": 3, "flag": True}]}
    assert reading.text(value, "a", 0, "b") == "text"
    assert reading.text(value, "a", 1, "b") == ""
    assert reading.text(value, "a", 0, "n") == ""
    assert reading.integer(value, "a", 0, "n") == 3
    assert reading.integer(value, "a", 0, "flag", default=-1) == -1
    assert reading.array(value, "a", "b") == []
    assert reading.mapping(None, "a") == {}
    assert reading.mapping(value, "a", 0)["n"] == 3


def test_a_message_is_an_object_and_lone_surrogates_are_replaced() -> None:
    assert reading.message(b'{"a": 1}') == {"a": 1}
    assert reading.message(b'{"a": "x\\ud83d", "b": "\xff"}') == {"a": "x?", "b": "\ufffd"}
    assert reading.message(b'{"a": "\xff"}') == {"a": "\ufffd"}
    for line in (b"[1]", b"garbage", b'{"a":', b"[" * 100_000):
        assert reading.message(line) is None


def test_an_integer_of_more_than_64_bits_is_ignored() -> None:
    assert reading.integer({"n": 2**70}, "n") == 0


def test_a_line_is_cut_at_its_limit() -> None:
    assert reading.one_line("a \n b") == "a b"
    assert reading.one_line("x" * 300, 10) == "x" * 9 + "…"


def test_a_number_that_is_none_loses_itself_and_not_its_message() -> None:
    line = b'{"a": NaN, "b": [1e999, -Infinity], "c": %s, "d": "text", "e": 1.5, "f": 12}' % (b"9" * 5000)
    assert reading.message(line) == {"a": None, "b": [None, None], "c": None, "d": "text", "e": 1.5, "f": 12}


def test_tokens_that_are_not_said_are_none_and_others_are_not_known() -> None:
    value = {"a": {"said": 3, "null": None, "bad": -1}}
    assert [reading.tokens(value, "a", name) for name in ("said", "null", "bad", "other")] == [3, None, None, 0]
    assert reading.tokens(value, "b", "said") == 0


def test_a_state_keeps_no_integer_of_more_than_64_bits() -> None:
    kept = reading.small({"a": [2**64, 1, -(2**64)], "b": {"c": "x", "d": 1e308}})
    assert kept == {"a": [None, 1, None], "b": {"c": "x", "d": 1e308}}
