"""Fields that are missing, or of another type."""

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
