"""The settings of a thread: model, effort, mode, approvals and sandbox. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from session_host.structured.dialects.base import EFFORTS, with_present
from session_host.structured.dialects.reading import array, at, mapping, text
from session_host.structured.items import Setting, SettingChoice

from .state import Model, ThreadSettings

MODES: Final = (
    SettingChoice("default", "Work", "The agent does what you ask for."),
    SettingChoice("plan", "Plan", "The agent asks and plans, and changes nothing."),
)
APPROVALS: Final = (
    SettingChoice("untrusted", "Ask often", "Only commands that are known to be safe run without a question."),
    SettingChoice("on-request", "Ask when needed", "The agent asks for what the sandbox does not allow."),
    SettingChoice("never", "Never ask", "What the sandbox does not allow fails."),
)
SANDBOXES: Final = (
    SettingChoice("read-only", "Read only", "Commands change nothing and have no network."),
    SettingChoice("workspace-write", "This folder", "Commands change files in the chat's directory."),
    SettingChoice("danger-full-access", "Off", "Commands can do all that you can."),
)
_SANDBOX_OF_POLICY: Final = {
    "readOnly": "read-only",
    "workspaceWrite": "workspace-write",
    "dangerFullAccess": "danger-full-access",
}
_WORKSPACE_WRITE: Final = (
    b'{"type": "workspaceWrite", "writableRoots": [], "networkAccess": false, "excludeTmpdirEnvVar": false, '
    b'"excludeSlashTmp": false}'
)


def read(settings: ThreadSettings, found: dict[str, Any]) -> None:
    """Take the settings that the server reports of a thread; settings that it leaves out stay.

    Args:
        settings: the settings to change.
        found: the reply of "thread/start" or "thread/resume", or the settings of "thread/settings/updated".
    """
    settings.model = text(found, "model") or settings.model
    for name in ("reasoningEffort", "effort"):
        if name in found:
            settings.effort = text(found, name)
    settings.mode = text(found, "collaborationMode", "mode") or settings.mode or "default"
    policy = at(found, "approvalPolicy")
    if policy is not None:
        settings.approvals = policy if isinstance(policy, str) else "granular"
    sandbox = mapping(found, "sandboxPolicy") or mapping(found, "sandbox")
    if kind := text(sandbox, "type"):
        settings.sandbox = _SANDBOX_OF_POLICY.get(kind, kind)
        if kind == "workspaceWrite":
            settings.workspace = msgspec.json.encode(sandbox).decode()


def read_models(models: list[Any]) -> list[Model]:
    """The models of a reply of "model/list" that are not hidden."""
    return [
        Model(
            text(model, "model") or text(model, "id"),
            text(model, "displayName") or text(model, "id"),
            text(model, "description"),
            [
                (text(effort, "reasoningEffort"), text(effort, "description"))
                for effort in array(model, "supportedReasoningEfforts")
            ],
        )
        for model in models
        if not at(model, "hidden") and (text(model, "model") or text(model, "id"))
    ]


def shown(settings: ThreadSettings) -> tuple[Setting, ...]:
    """The settings as the user sees them; one that is not known is left out."""
    models = tuple(SettingChoice(model.id, model.name, model.description) for model in settings.models)
    efforts = next((model.efforts for model in settings.models if model.id == settings.model), None)
    if efforts is None and settings.models:
        efforts = settings.models[0].efforts
    levels = tuple(
        SettingChoice(name, EFFORTS.get(name, name), description)
        for name, description in efforts or [(settings.effort, "")]
        if name
    )
    settings_shown = (
        Setting("model", "Model", settings.model, with_present(models, settings.model), "model"),
        Setting("effort", "Effort", settings.effort, with_present(levels, settings.effort), "effort"),
        Setting("mode", "Mode", settings.mode, with_present(MODES, settings.mode), "mode"),
        Setting("approvals", "Approvals", settings.approvals, with_present(APPROVALS, settings.approvals)),
        Setting("sandbox", "Sandbox", settings.sandbox, with_present(SANDBOXES, settings.sandbox)),
    )
    return tuple(setting for setting in settings_shown if setting.value or setting.choices)


def change(settings: ThreadSettings, name: str, value: str) -> dict[str, Any] | None:
    """The parameters that change a setting; None if there is no such setting or value."""
    found = next((setting for setting in shown(settings) if setting.id == name), None)
    if found is None or all(choice.id != value for choice in found.choices):
        return None
    match name:
        case "mode":
            own = {"model": settings.model, "reasoning_effort": settings.effort or None, "developer_instructions": None}
            return {"collaborationMode": {"mode": value, "settings": own}}
        case "approvals":
            return {"approvalPolicy": value}
        case "sandbox" if value == "workspace-write":
            return {"sandboxPolicy": msgspec.Raw(settings.workspace.encode() or _WORKSPACE_WRITE)}
        case "sandbox" if value == "read-only":
            return {"sandboxPolicy": {"type": "readOnly", "networkAccess": False}}
        case "sandbox":
            return {"sandboxPolicy": {"type": "dangerFullAccess"}} if value == "danger-full-access" else None
        case _:
            return {name: value}


_START_OPTIONS: Final = (
    "model",
    "modelProvider",
    "approvalPolicy",
    "sandbox",
    "config",
    "serviceTier",
    "personality",
    "developerInstructions",
)
"""The dialect's options that are parameters of "thread/start"; others keep the value of the user's own settings."""


def start_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """The parameters of "thread/start" that the dialect's options give."""
    found = {name: options[name] for name in _START_OPTIONS if options.get(name)}
    if effort := options.get("effort"):
        found["config"] = {**mapping(found, "config"), "model_reasoning_effort": effort}
    return found
