"""JSON for programs."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from session_host.cli.output import print_json


class Sum(msgspec.Struct):
    costs: dict[str, float]
    shares: tuple[float, ...] = ()


def test_json_has_only_numbers_that_are_finite(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([Sum({"USD": math.inf, "EUR": 1.5}, (math.nan, -math.inf, 0.25))])

    def refuse(name: str) -> None:
        raise AssertionError(name)

    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found == [{"costs": {"USD": None, "EUR": 1.5}, "shares": [None, None, 0.25]}]
