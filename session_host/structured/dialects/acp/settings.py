"""Modes, models and options of the agent's session, as settings."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from session_host.structured.dialects import reading
from session_host.structured.items import Setting, SettingChoice, SettingsChanged

from .shared import Shared, error_text
from .state import OfferedSetting

_Category = Literal["", "model", "mode", "effort"]
_CATEGORIES: Final[dict[str, _Category]] = {
    "model": "model",
    "mode": "mode",
    "thought_level": "effort",
}
_ON, _OFF = "on", "off"


class Settings:
    """The settings of the session. An option of the category "mode" or "model" stands for the session's own."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def take(self, message: dict[str, Any]) -> None:
        """Take the settings of a reply or an update."""
        state = self._shared.state
        if "configOptions" in message and isinstance(message["configOptions"], list):
            state.options = [found for option in message["configOptions"] if (found := _option(option)) is not None]
        if modes := reading.mapping(message, "modes"):
            choices = _choices(reading.array(modes, "availableModes"), "id")
            setting = Setting("mode", "Mode", reading.text(modes, "currentModeId"), choices, "mode")
            state.mode = OfferedSetting(setting, "mode")
        if models := reading.mapping(message, "models"):
            choices = _choices(reading.array(models, "availableModels"), "modelId")
            setting = Setting("model", "Model", reading.text(models, "currentModelId"), choices, "model")
            state.model = OfferedSetting(setting, "model")
        self.emit()

    def emit(self) -> None:
        """Report all settings."""
        if offered := self._offered():
            self._shared.port.emit(SettingsChanged(tuple(one.setting for one in offered)))

    def mode_changed(self, mode: str) -> None:
        """Take a mode that the agent chose."""
        state = self._shared.state
        if state.mode is not None:
            state.mode = _with_value(state.mode, mode)
        state.options = [
            _with_value(option, mode) if option.setting.category == "mode" else option for option in state.options
        ]
        self.emit()

    def change(self, name: str, value: str) -> None:
        """Ask the agent to change a setting."""
        shared, state = self._shared, self._shared.state
        offered = next((found for found in self._offered() if found.setting.id == name), None)
        if offered is None or not state.session:
            shared.port.notice(f"{state.agent} has no setting {name!r}")
            return
        parameters: dict[str, Any] = {"sessionId": state.session}
        about = f"{name}\n{value}"
        match offered.source:
            case "mode":
                shared.rpc.request("session/set_mode", {**parameters, "modeId": value}, about)
            case "model":
                shared.rpc.request("session/set_model", {**parameters, "modelId": value}, about)
            case "option":
                parameters |= {"configId": name, "value": value}
                shared.rpc.request("session/set_config_option", parameters, about)
            case "flag":
                parameters |= {"configId": name, "value": value == _ON, "type": "boolean"}
                shared.rpc.request("session/set_config_option", parameters, about)

    def changed(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a change."""
        state = self._shared.state
        name, _, value = about.partition("\n")
        if "error" in message:
            self._shared.port.notice(f"{name} is not changed: {error_text(message['error'])}")
            self.emit()
            return
        if "configOptions" in (result := reading.mapping(message, "result")):
            self.take(result)
            return
        state.options = [
            _with_value(option, value) if option.setting.id == name else option for option in state.options
        ]
        if name == "mode" and state.mode is not None:
            state.mode = _with_value(state.mode, value)
        if name == "model" and state.model is not None:
            state.model = _with_value(state.model, value)
        self.emit()

    def _offered(self) -> list[OfferedSetting]:
        state = self._shared.state
        known = {option.setting.category for option in state.options}
        own = [offered for offered in (state.mode, state.model) if offered is not None]
        return [*state.options, *(offered for offered in own if offered.setting.category not in known)]


def _with_value(offered: OfferedSetting, value: str) -> OfferedSetting:
    return OfferedSetting(msgspec.structs.replace(offered.setting, value=value), offered.source)


def _option(option: Any) -> OfferedSetting | None:
    """One of the session's options; None if its type is unknown."""
    name = reading.text(option, "id")
    label = reading.text(option, "name") or name
    category: _Category = _CATEGORIES.get(reading.text(option, "category"), "")
    value = reading.at(option, "currentValue")
    if not name:
        return None
    if isinstance(value, bool):
        choices = (SettingChoice(_ON, "On"), SettingChoice(_OFF, "Off"))
        return OfferedSetting(Setting(name, label, _ON if value else _OFF, choices, category), "flag")
    if not isinstance(value, str):
        return None
    flat: list[Any] = []
    for choice in reading.array(option, "options"):
        flat += reading.array(choice, "options") if "group" in reading.mapping(choice) else [choice]
    return OfferedSetting(Setting(name, label, value, _choices(flat, "value"), category), "option")


def _choices(choices: list[Any], key: str) -> tuple[SettingChoice, ...]:
    return tuple(
        SettingChoice(value, reading.text(choice, "name") or value, reading.text(choice, "description"))
        for choice in choices
        if (value := reading.text(choice, key))
    )
