"""The variables with which Qt finds input methods."""

from __future__ import annotations

import pytest

from gui.input.composing import variables_for_fcitx


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
    assert variables_for_fcitx(environment) == {"QT_IM_MODULES": modules, "IBUS_USE_PORTAL": "1"}


@pytest.mark.parametrize("environment", [{}, {"QT_IM_MODULE": "ibus"}, {"QT_IM_MODULES": "wayland;ibus"}])
def test_other_input_methods_are_left_alone(environment: dict[str, str]) -> None:
    assert variables_for_fcitx(environment) == {}
