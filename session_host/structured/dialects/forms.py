"""Questions of agents as forms (JSON Schema), and their answers: ACP's elicitation, and that of MCP servers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, Final, Literal

import msgspec

from session_host.structured.items import Question, Takes

from . import reading

_KINDS: Final[dict[str, Literal["", "integer", "number", "email", "uri", "date"]]] = {
    "integer": "integer",
    "number": "number",
    "email": "email",
    "uri": "uri",
    "date": "date",
}
_BOOLEANS: Final = {"Yes": "true", "No": "false"}


class Field(msgspec.Struct, array_like=True):
    """One field of a form."""

    id: str
    type: str
    """A type of JSON Schema: "string", "number", "integer", "boolean", "array"."""
    values: dict[str, str] = {}
    """The values by their labels, if they are limited."""


def read_form(schema: dict[str, Any]) -> tuple[list[Field], tuple[Question, ...]]:
    """The fields of a form, and the questions that ask for them."""
    fields: list[Field] = []
    questions: list[Question] = []
    required = reading.array(schema, "required")
    for name, field in reading.mapping(schema, "properties").items():
        kind = reading.text(field, "type") or "string"
        limited = reading.mapping(field, "items") if kind == "array" else field
        values = _BOOLEANS if kind == "boolean" else _values(limited)
        title, description = reading.text(field, "title"), reading.text(field, "description")
        several = bool(values) and kind == "array"
        title = title or ("" if description else name)
        text = "\n".join(part for part in (title, description) if part)
        fields.append(Field(name, kind, values))
        secret = reading.text(field, "format") == "password"
        takes = _takes(kind, field, is_optional=name not in required)
        questions.append(Question(name, text, tuple(values), not values, secret, several, takes=takes))
    return fields, tuple(questions)


def filled_form(fields: Iterable[Field], texts: dict[str, str]) -> dict[str, Any]:
    """The values that the user gave. A field without an answer is left out; lines are the values of an array."""
    return {field.id: _value(field, texts[field.id]) for field in fields if texts.get(field.id, "") != ""}


def _takes(kind: str, field: Any, *, is_optional: bool) -> Takes:
    """What a field takes, by the keywords of its type (JSON Schema Validation, 6)."""
    unit = {"array": "Items", "string": "Length", "integer": "imum", "number": "imum"}.get(kind)
    if unit is None:
        return Takes(optional=is_optional)
    form = _KINDS.get(reading.text(field, "format") if kind == "string" else kind, "")
    return Takes(form, reading.number(field, f"min{unit}"), reading.number(field, f"max{unit}"), is_optional)


def _values(schema: Any) -> dict[str, str]:
    """The allowed values of a field, by their labels; {} if any value is allowed."""
    allowed = [str(each) for each in reading.array(schema, "enum") if isinstance(each, str | int | float)]
    names = [each if isinstance(each, str) else "" for each in reading.array(schema, "enumNames")]
    values = {name or value: value for value, name in zip_longest(allowed, names[: len(allowed)], fillvalue="")}
    for choice in (*reading.array(schema, "oneOf"), *reading.array(schema, "anyOf")):
        if value := reading.text(choice, "const"):
            values[reading.text(choice, "title") or value] = value
    return values


def _value(field: Field, text: str) -> Any:
    value = field.values.get(text, text)
    try:
        match field.type:
            case "boolean":
                return value.strip().lower() in {"true", "yes", "y", "1"}
            case "integer":
                return int(value)
            case "number":
                return float(value)
            case "array":
                return [field.values.get(line, line) for part in text.split("\n") if (line := part.strip())]
            case _:
                return value
    except ValueError:
        return value
