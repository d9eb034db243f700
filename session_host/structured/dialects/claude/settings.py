"""Claude's model, permission mode and commands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from session_host.structured.dialects.base import EFFORTS, DialectPort
from session_host.structured.dialects.reading import array, text
from session_host.structured.items import CommandsChanged, Setting, SettingChoice, SettingsChanged, SlashCommand

from .state import ClaudeState

MODES: Final = (
    SettingChoice("default", "Ask", "Ask before edits and commands"),
    SettingChoice("acceptEdits", "Accept edits", "Edit files without asking"),
    SettingChoice("plan", "Plan", "Read and plan, change nothing"),
    SettingChoice("auto", "Auto", "Claude decides what needs no question"),
    SettingChoice("dontAsk", "Don't ask", "Decline all that is not allowed already"),
    SettingChoice("bypassPermissions", "Allow everything", "Never ask"),
)
"""Permission modes; Claude refuses those that its own settings do not allow."""


class SettingsReader:
    """Reads Claude's settings from its messages, and reports them."""

    def __init__(self, port: DialectPort, state: ClaudeState) -> None:
        self._port = port
        self._state = state

    @staticmethod
    def control(setting: str, value: str) -> tuple[str, dict[str, Any]] | None:
        """The control request that changes a setting, and its fields; None for an unknown setting."""
        match setting:
            case "model":
                return "set_model", {"model": value}
            case "mode":
                return "set_permission_mode", {"mode": value}
            case "effort":
                return "apply_flag_settings", {"settings": {"effortLevel": value}}
            case _:
                return None

    def initialized(self, body: Mapping[str, Any]) -> None:
        """Take the reply to "initialize"."""
        state = self._state
        models = [model for model in array(body, "models") if text(model, "value")]
        state.models = [
            SettingChoice(text(model, "value"), text(model, "displayName"), text(model, "description"))
            for model in models
        ]
        state.resolved = {text(model, "value"): text(model, "resolvedModel") for model in models}
        state.efforts = {
            text(model, "value"): [level for level in array(model, "supportedEffortLevels") if isinstance(level, str)]
            for model in models
        }
        state.mode = text(body, "current_permission_mode") or state.mode
        self._emit()
        self.set_commands(array(body, "commands"))

    def applied(self, body: Mapping[str, Any]) -> None:
        """Take the reply to "get_settings"."""
        self._state.effort = text(body, "applied", "effort")
        self.set_model(text(body, "applied", "model"))
        self._emit()

    def set_model(self, model: str) -> None:
        """Take the full name of the model in use."""
        state = self._state
        if not model or state.resolved.get(state.model) == model:
            return
        value = next((value for value, full in state.resolved.items() if full == model), model)
        if value != state.model:
            state.model = value
            self._emit()

    def set_mode(self, mode: str) -> None:
        """Take the permission mode in use."""
        if mode and mode != self._state.mode:
            self._state.mode = mode
            self._emit()

    def changed(self, control: str, value: str) -> None:
        """Take the reply to a control request; "" if Claude refused it."""
        match control:
            case "set_model" if value:
                self._state.model = value
            case "set_permission_mode" if value:
                self._state.mode = value
            case "apply_flag_settings" if value:
                self._state.effort = value
            case _:
                pass
        self._emit()

    def set_commands(self, commands: list[Any]) -> None:
        """Take the list of commands."""
        offered = [
            SlashCommand(text(command, "name"), text(command, "description"), text(command, "argumentHint"))
            for command in commands
        ]
        self._port.emit(CommandsChanged(tuple(command for command in offered if command.name)))

    def _emit(self) -> None:
        state = self._state
        model = Setting("model", "Model", state.model, _with(tuple(state.models), state.model), "model")
        mode = Setting("mode", "Permissions", state.mode, _with(MODES, state.mode), "mode")
        efforts = tuple(SettingChoice(level, EFFORTS.get(level, level)) for level in state.efforts.get(state.model, ()))
        effort = Setting("effort", "Effort", state.effort, _with(efforts, state.effort), "effort")
        self._port.emit(SettingsChanged((model, mode, effort) if efforts and state.effort else (model, mode)))


def _with(choices: tuple[SettingChoice, ...], value: str) -> tuple[SettingChoice, ...]:
    """The choices, with the value in use."""
    known = not value or value in {choice.id for choice in choices}
    return choices if known else (*choices, SettingChoice(value, value))
