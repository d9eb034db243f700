"""Wayland's permission to come to the front: Qt reads it from the process's environment."""

from __future__ import annotations

import os

import pytest

from gui.input.activation import activation_token
from tests.support.processes import c_variable

NAME = "XDG_ACTIVATION_TOKEN"


def test_a_token_is_there_for_one_activation_and_not_for_other_programs() -> None:
    with activation_token("token-1"):
        assert c_variable(NAME) == "token-1"
        assert NAME not in os.environ
    assert c_variable(NAME) is None


@pytest.mark.parametrize("token", ["", "a\0b"])
def test_what_is_no_token_changes_nothing(token: str) -> None:
    with activation_token("of the click"), activation_token(token):
        assert c_variable(NAME) == "of the click"
