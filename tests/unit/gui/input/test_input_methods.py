"""The variables with which Qt finds input methods."""

from __future__ import annotations

import pytest

from gui.input.composing import variables_for_input_methods


@pytest.mark.parametrize(
    ("environment", "modules"),
    [
        ({"QT_IM_MODULE": "fcitx"}, "fcitx;ibus"),
        ({"QT_IM_MODULE": "fcitx5"}, "fcitx5;ibus"),
        ({"QT_IM_MODULE": "fcitx", "QT_IM_MODULES": "wayland;fcitx;ibus"}, "wayland;fcitx;ibus"),
        ({"QT_IM_MODULE": "ibus", "QT_IM_MODULES": "wayland;fcitx"}, "wayland;fcitx;ibus"),
    ],
)
def test_fcitx_is_reached_by_the_plugin_for_ibus(environment: dict[str, str], modules: str) -> None:
    added = {"QT_IM_MODULES": modules, "IBUS_USE_PORTAL": "1"}
    assert variables_for_input_methods(environment, is_x11=False) == added
    assert variables_for_input_methods(environment, is_x11=True) == {**added, "IBUS_ENABLE_SYNC_MODE": "1"}


def test_ibus_is_asked_about_one_key_at_a_time_on_x11() -> None:
    for environment in ({"QT_IM_MODULE": "ibus"}, {"QT_IM_MODULES": "wayland;ibus"}):
        assert variables_for_input_methods(environment, is_x11=False) == {}
        assert variables_for_input_methods(environment, is_x11=True) == {"IBUS_ENABLE_SYNC_MODE": "1"}


def test_other_input_methods_and_the_users_own_choices_are_left_alone() -> None:
    assert variables_for_input_methods({}, is_x11=True) == {}
    assert variables_for_input_methods({"QT_IM_MODULE": "compose"}, is_x11=True) == {}
    own = {"QT_IM_MODULE": "ibus", "IBUS_ENABLE_SYNC_MODE": "0"}
    assert variables_for_input_methods(own, is_x11=True) == {"IBUS_ENABLE_SYNC_MODE": "0"}
