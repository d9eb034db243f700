"""Routes the server's notifications to the parts of the dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from session_host.structured.dialects.limits import codex_limits_of_pool
from session_host.structured.dialects.reading import integer, mapping, text
from session_host.structured.items import SettingsChanged, TitleChanged

from . import settings
from .context import Context
from .requests import Requests
from .turns import Turns

IGNORED: Final = frozenset({
    "account/updated", "app/list/updated", "deprecationNotice", "fs/changed",
    "hook/completed", "hook/started", "item/autoApprovalReview/completed", "item/autoApprovalReview/started",
    "item/commandExecution/terminalInteraction", "item/fileChange/outputDelta", "item/reasoning/summaryPartAdded",
    "mcpServer/event/stream/notification", "mcpServer/oauthLogin/completed", "model/safetyBuffering/updated",
    "model/verification", "project/changed", "remoteControl/status/changed", "skills/changed",
    "thread/attachment/updated", "thread/compacted", "thread/environment/connected", "thread/environment/disconnected",
    "thread/goal/cleared", "thread/goal/updated", "thread/prediction/updated", "thread/project/updated",
    "thread/queue/changed", "thread/readState/changed", "thread/section/changed", "thread/unarchived",
    "turn/diff/updated", "turn/moderationMetadata",
})  # fmt: skip
"""Notifications that are not about the chat, or that repeat others."""

NOTICES: Final[dict[str, str]] = {
    "thread/archived": "The conversation was archived.",
    "thread/deleted": "The conversation was deleted: it cannot be resumed.",
    "thread/reverted": "The conversation was taken back to an earlier point.",
    "thread/closed": "Codex has closed the conversation.",
}
"""The notices for notifications about the thread; each is shown once."""

Params = dict[str, Any]


class Notifications:
    """Follows the notifications about the thread, and about the items of its sub-agents' threads."""

    def __init__(self, context: Context, turns: Turns, requests: Requests) -> None:
        self._context = context
        self._turns = turns
        self._requests = requests
        self._handlers: dict[str, Callable[[Params], None]] = {
            "turn/started": self._turn_started,
            "thread/status/changed": self._status_changed,
            "turn/completed": self._turn_completed,
            "turn/plan/updated": turns.plan_updated,
            "thread/tokenUsage/updated": turns.usage,
            "account/rateLimits/updated": self._limits_updated,
            "error": turns.error,
            "serverRequest/resolved": requests.resolved,
            "thread/name/updated": lambda params: context.port.emit(TitleChanged(text(params, "threadName"))),
            "thread/settings/updated": self._settings_updated,
            "warning": lambda params: context.notice_once(text(params, "message")),
            "guardianWarning": lambda params: context.notice_once(text(params, "message")),
            "configWarning": self._config_warning,
            "model/rerouted": lambda params: context.notice_once(
                f"Codex uses {text(params, 'toModel')} in place of {text(params, 'fromModel')}."
            ),
            "mcpServer/startupStatus/updated": self._mcp_server_started,
        }

    def receive(self, message: dict[str, Any]) -> None:
        """Handle a notification; an unknown one becomes a raw item."""
        method, params = text(message, "method"), mapping(message, "params")
        thread = text(params, "threadId")
        if method == "thread/started":
            self._thread_started(mapping(params, "thread"))
        elif method in IGNORED:
            pass
        elif thread and thread != self._context.state.thread:
            self._receive_from_other_thread(method, params, thread)
        elif method in NOTICES:
            self._context.notice_once(NOTICES[method])
        elif not self._receive_about_item(method, params, ""):
            handle = self._handlers.get(method)
            if handle is None:
                self._context.port.raw(method, params)
            else:
                handle(params)

    def _receive_about_item(self, method: str, params: Params, parent: str) -> bool:
        """Handle a notification about an item; returns False for any other one."""
        turns = self._turns
        match method:
            case "item/started":
                turns.item_started(params, parent)
            case "item/completed":
                turns.item_completed(params, parent)
            case "item/agentMessage/delta":
                turns.append(params, "agent", "text", parent=parent)
            case "item/plan/delta":
                turns.append(params, "plan", "text", parent=parent)
            case "item/commandExecution/outputDelta" | "item/mcpToolCall/progress":
                turns.append(params, "tool", "output", parent=parent)
            case "item/reasoning/summaryTextDelta":
                section = f"summary {integer(params, 'summaryIndex')}"
                turns.append(params, "thought", "text", section=section, parent=parent)
            case "item/reasoning/textDelta":
                section = f"text {integer(params, 'contentIndex')}"
                turns.append(params, "thought", "text", section=section, parent=parent)
            case "item/fileChange/patchUpdated":
                turns.changes_updated(params, parent)
            case _:
                return False
        return True

    def _receive_from_other_thread(self, method: str, params: Params, thread: str) -> None:
        """Show a sub-agent's work below its tool item; ignore threads that do not belong to this chat."""
        parent = self._context.state.parents.get(thread)
        if method == "serverRequest/resolved":
            self._requests.resolved(params)
        elif parent is not None and method == "turn/completed":
            turn = mapping(params, "turn")
            self._turns.finish_items(text(turn, "id"), "failed" if text(turn, "status") == "failed" else "interrupted")
            self._requests.turn_ended(text(turn, "id"))
        elif parent is not None:
            self._receive_about_item(method, params, parent)

    def _thread_started(self, thread: Params) -> None:
        """Assign a sub-agent's new thread to the tool item that is starting a sub-agent."""
        state = self._context.state
        if not state.thread or text(thread, "parentThreadId") != state.thread:
            return
        starting = [item.id for item in state.items.values() if item.starts_agent]
        if starting:
            state.parents.setdefault(text(thread, "id"), starting[-1])

    def _turn_started(self, params: Params) -> None:
        """A turn runs. Within a review, the turn has an id of its own, but only the review's end is reported."""
        turn, root = text(params, "turn", "id"), text(params, "turn", "rootTurnId")
        self._turns.began(root if root and root == self._context.state.turn else turn, turn)

    def _status_changed(self, params: Params) -> None:
        self._context.state.server_idle = text(params, "status", "type") in {"idle", "systemError"}

    def _turn_completed(self, params: Params) -> None:
        turn = mapping(params, "turn")
        self._requests.turn_ended(text(turn, "id"))
        self._turns.ended(turn)

    def _settings_updated(self, params: Params) -> None:
        thread_settings = self._context.state.settings
        settings.read(thread_settings, mapping(params, "threadSettings"))
        self._context.port.emit(SettingsChanged(settings.shown(thread_settings)))

    def _limits_updated(self, params: Params) -> None:
        context = self._context
        context.limits_reported(codex_limits_of_pool(mapping(params, "rateLimits"), context.port.now_ms))

    def _mcp_server_started(self, params: Params) -> None:
        if error := text(params, "error"):
            self._context.notice_once(f"The MCP server {text(params, 'name')} did not start: {error}")

    def _config_warning(self, params: Params) -> None:
        """Show a warning about the user's settings, only in a new conversation: the server repeats it at each start."""
        if not self._context.state.start.has_history:
            details = text(params, "details")
            self._context.notice_once(text(params, "summary") + (f" {details}" if details else ""))
