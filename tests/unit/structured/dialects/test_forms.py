"""Forms of JSON Schema as questions: what each field takes, by which names, and whether it may stay empty."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.structured.dialects.forms import filled_form, read_form
from session_host.structured.items import Takes


@pytest.mark.parametrize(
    ("field", "takes"),
    [
        ({"type": "string"}, Takes()),
        ({"type": "string", "minLength": 2, "maxLength": 8}, Takes("", 2, 8)),
        ({"type": "string", "format": "email"}, Takes("email")),
        ({"type": "string", "format": "uri"}, Takes("uri")),
        ({"type": "string", "format": "date"}, Takes("date")),
        ({"type": "string", "format": "color"}, Takes()),
        ({"type": "integer", "minimum": 1, "maximum": 10}, Takes("integer", 1, 10)),
        ({"type": "number", "minimum": -0.5}, Takes("number", -0.5)),
        ({"type": "number", "minimum": True, "maximum": "x"}, Takes("number")),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1}, Takes("", 1)),
        ({"type": "boolean"}, Takes()),
    ],
)
def test_a_field_takes_what_its_schema_says(field: dict[str, Any], takes: Takes) -> None:
    _fields, [question] = read_form({"required": ["name"], "properties": {"name": field}})
    assert question.takes == takes


def test_a_field_that_is_not_required_may_stay_empty() -> None:
    fields, questions = read_form(
        {"required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    )
    assert [each.takes.optional for each in questions] == [False, True]
    assert filled_form(fields, {"a": "x", "b": ""}) == {"a": "x"}


def test_values_have_the_names_that_are_given_for_them() -> None:
    names = {"type": "string", "enum": ["#f00", "#0f0", "#00f"], "enumNames": ["Red", "Green"]}
    numbers = {"type": "integer", "enum": [1, 2]}
    several = {"type": "array", "items": {"anyOf": [{"const": "x", "title": "The X"}]}}
    fields, questions = read_form({"properties": {"color": names, "number": numbers, "several": several}})
    assert [each.options for each in questions] == [("Red", "Green", "#00f"), ("1", "2"), ("The X",)]
    assert not any(each.free for each in questions), "another value than these is a wrong one"
    filled = filled_form(fields, {"color": "Green", "number": "2", "several": "The X"})
    assert filled == {"color": "#0f0", "number": 2, "several": ["x"]}
