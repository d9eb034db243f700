"""The items of running turns, and how a turn begins and ends."""

from __future__ import annotations

from operator import sub
from typing import Any, Final, Literal

import msgspec

from session_host.protocol.untrusted_numbers import tokens_in_all
from session_host.structured.dialects.base import FORK_OPTION
from session_host.structured.dialects.limits import LIMIT_OF_CODEX, stopped_by_limit
from session_host.structured.dialects.reading import array, at, error_words, mapping, one_line, text, time_ms, tokens
from session_host.structured.items import (
    Append,
    Item,
    ItemStatus,
    Put,
    Remove,
    SetStatus,
    TurnOver,
    UsageChanged,
    WrittenOutcome,
)

from . import items
from .state import KEPT_TURNS, Context, OpenItem

_OUTCOMES: Final[dict[str, WrittenOutcome]] = {
    "completed": "completed",
    "interrupted": "interrupted",
    "failed": "failed",
}

_STREAMED: Final = frozenset({"agent", "thought", "plan"})
"""Kinds of items whose text is streamed: the end of their turn, or a steering text, cuts them."""

_TOKENS: Final = ("totalTokens", "cachedInputTokens", "outputTokens")

Field = Literal["text", "output"]


def item_id_of(turn: str, item_id: str) -> str:
    """The id of an item in the transcript. The server's own ids are unique within a turn only."""
    return f"{turn}/{item_id}"


class Turns:
    """Follows the items of the thread's turns, and of its sub-agents' turns."""

    def __init__(self, context: Context) -> None:
        self._context = context

    # ------------------------------------------------------------ turns

    def began(self, turn: str, active: str = "") -> None:
        """A turn of the thread runs; ``active``: the server's id of the part that runs now."""
        context = self._context
        state = context.state
        if not turn or context.has_ended(turn):
            return
        if turn != state.turn:
            state.turns += 1
        state.turn, state.active, state.busy = turn, active or turn, True
        if state.interrupting:
            self.interrupt()
        context.show_state()

    def interrupt(self) -> None:
        """Interrupt the running turn, or the one that is about to begin."""
        context = self._context
        state = context.state
        state.interrupting = not state.turn
        if state.turn:
            context.rpc.request("turn/interrupt", {"threadId": state.thread, "turnId": state.active}, state.turn)

    def ended(self, raw: dict[str, Any]) -> None:
        """A turn of the thread is over."""
        context = self._context
        state, turn = context.state, text(raw, "id")
        if context.has_ended(turn):
            return
        outcome = _OUTCOMES.get(text(raw, "status"), "completed")
        self.finish_items(turn, outcome)
        state.ended = [*state.ended, turn][-KEPT_TURNS:]
        state.reviews = [review for review in state.reviews if review != turn]
        state.echoes = {key: echo for key, echo in state.echoes.items() if key in state.prompts}
        error = error_words(text(raw, "error", "message"))
        if error:
            self._put_error(turn, mapping(raw, "error"))
        elif state.error_turn == turn and outcome == "completed":
            context.port.emit(Remove(f"{turn}/error"))  # A try that came later was successful.
        is_limit = outcome == "failed" and text(raw, "error", "codexErrorInfo") == LIMIT_OF_CODEX
        facts = stopped_by_limit(self._reset_ms()) if is_limit else None
        context.port.emit(TurnOver(turn, outcome, one_line(error), facts=facts))
        if turn == state.turn or not state.turn or state.server_idle:
            state.turn, state.active, state.busy, state.interrupting = "", "", False, False
        context.show_state()

    def _reset_ms(self) -> int:
        """When the last of the limits is reset that are used up; 0 if unknown."""
        limits = self._context.state.usage.limits
        return max((limit.resets_ms for limit in limits if limit.used >= 1.0), default=0)

    def agent_began(self, thread: str, turn: str, root: str) -> None:
        """A turn of a sub-agent runs, which a turn of the thread has begun."""
        state = self._context.state
        if thread in state.parents or (root and root in {state.turn, *state.ended}):
            state.agents[thread] = turn
            self._context.show_state()

    def agent_ended(self, thread: str) -> None:
        """A turn of a sub-agent is over."""
        if self._context.state.agents.pop(thread, None) is not None:
            self._context.show_state()

    def finish_items(self, turn: str, outcome: WrittenOutcome) -> None:
        """Mark items that are not complete at the turn's end; a command may still run in the background.

        It also does so after an interrupt: the server completes its item when it ends.
        """
        for found in [item for item in self._context.state.items.values() if item.turn == turn]:
            if found.runs or (outcome == "completed" and found.command):
                continue
            del self._context.state.items[found.id]
            self._cut(found, "failed" if outcome == "failed" else "interrupted")

    def _cut(self, found: OpenItem, status: ItemStatus) -> None:
        port = self._context.port
        if found.kind in _STREAMED and not found.has_text:
            port.emit(Remove(found.id))
        else:
            port.emit(SetStatus(found.id, status, port.now_ms))

    def _put_error(self, turn: str, error: dict[str, Any]) -> None:
        """Show a turn's error as a notice, in place of the turn's previous one."""
        words = error_words(text(error, "message")) or "Codex reported an error without a message"
        details = error_words(text(error, "additionalDetails"))
        port, self._context.state.error_turn = self._context.port, turn
        notice = f"{words} ({details})" if details else words
        port.emit(Put(Item(f"{turn}/error", "notice", port.now_ms, text=notice, turn=turn)))

    def error(self, params: dict[str, Any]) -> None:
        """An error in a turn; the server may try again."""
        state, turn = self._context.state, text(params, "turnId")
        self._put_error(turn, mapping(params, "error"))
        if turn in state.reviews and state.server_idle and not at(params, "willRetry"):
            self.ended(
                {"id": turn, "status": "failed", "error": at(params, "error")}
            )  # The server sends no turn/completed then.

    # ------------------------------------------------------------ items

    def item_started(self, params: dict[str, Any], parent: str = "") -> None:
        """An item begins."""
        raw, turn = mapping(params, "item"), text(params, "turnId")
        kind = text(raw, "type")
        if kind == "userMessage":
            if not parent:
                self._cut_by_user(turn)
            return
        item = self._translate(raw, turn, parent, done=False)
        if item is None:
            return
        self._context.state.items[item.id] = OpenItem(
            item.id,
            item.kind,
            turn,
            has_text=bool(item.text or item.output),
            changes=item.changes if kind == "fileChange" else None,
            command=item.command,
            starts_agent=text(raw, "tool") == "spawnAgent",
            runs=bool(item.command and text(raw, "processId")),
        )
        self._context.port.emit(Put(item))
        self._note_sub_agents(raw, item.id)

    def item_completed(self, params: dict[str, Any], parent: str = "") -> None:
        """An item is complete."""
        raw, turn = mapping(params, "item"), text(params, "turnId")
        context = self._context
        if text(raw, "type") == "userMessage" and (parent or self._is_echo(raw, turn)):
            return
        item = self._translate(raw, turn, parent, done=True)
        if item is None:
            context.port.raw(f"item {text(raw, 'type') or 'without a type'}", raw)
            return
        found = context.state.items.pop(item.id, None)
        self._note_sub_agents(raw, item.id)
        if found is not None and found.has_text and not (item.text or item.output):
            context.port.emit(SetStatus(item.id, item.status, item.ended_ms))
        else:
            context.port.emit(Put(item))
        if found is not None and found.runs:
            context.show_state()

    def _translate(self, raw: dict[str, Any], turn: str, parent: str, *, done: bool) -> Item | None:
        context = self._context
        item_id = item_id_of(turn, text(raw, "id"))
        item_context = items.ItemContext(item_id, turn, context.state.start.directory, parent)
        return items.translate(raw, item_context, context.port.now_ms, done=done)

    def _cut_by_user(self, turn: str) -> None:
        """A steering text cuts the message that is streamed; the server does not complete that one."""
        for found in self._context.state.items.values():
            if found.turn == turn and found.kind in _STREAMED:
                self._cut(found, "interrupted")

    def _is_echo(self, raw: dict[str, Any], turn: str) -> bool:
        """Whether a user's message is a prompt that the transcript has already."""
        state = self._context.state
        if turn in state.reviews:
            return True
        prompt = text(raw, "clientId")
        if not prompt:
            prompt_text, _ = items.user_input(array(raw, "content"))
            prompt = next((key for key, echo in state.echoes.items() if echo == prompt_text), "")
        return state.echoes.pop(prompt, None) is not None

    def _note_sub_agents(self, raw: dict[str, Any], item_id: str) -> None:
        """Remember the tool item of a sub-agent's thread."""
        parents = self._context.state.parents
        threads = [text(raw, "agentThreadId")]
        if text(raw, "type") == "collabAgentToolCall" and text(raw, "tool") == "spawnAgent":
            threads += [thread for thread in array(raw, "receiverThreadIds") if isinstance(thread, str)]
        for thread in threads:
            if thread:
                parents.setdefault(thread, item_id)

    # ------------------------------------------------------------ parts of items

    def append(self, params: dict[str, Any], kind: str, field: Field, *, section: str = "", parent: str = "") -> None:
        """Append text or output to an item; adds the item if its beginning was not reported."""
        port, state = self._context.port, self._context.state
        turn = text(params, "turnId")
        item_id = item_id_of(turn, text(params, "itemId"))
        words = text(params, "delta") or text(params, "message")
        found = state.items.get(item_id)
        if found is None:
            found = state.items[item_id] = OpenItem(item_id, kind, turn)
            tool = "other" if kind == "tool" else ""
            port.emit(
                Put(Item(item_id, kind, port.now_ms, status="running", turn=turn, tool=tool, parent=parent))  # type: ignore[arg-type]
            )
        if section and found.section and section != found.section and found.has_text:
            words = f"\n\n{words}"
        if section:
            found.section = section
        if words:
            found.has_text = True
            port.emit(Append(item_id, words, field))

    def changes_updated(self, params: dict[str, Any], parent: str = "") -> None:
        """Take the newer list of changes of a "fileChange" item."""
        state, port = self._context.state, self._context.port
        found = state.items.get(item_id_of(text(params, "turnId"), text(params, "itemId")))
        if found is not None:
            found.changes = items.file_changes(array(params, "changes"), state.start.directory)
            raw = {"id": text(params, "itemId"), "type": "fileChange", "changes": array(params, "changes")}
            item = self._translate(raw, found.turn, parent, done=False)
            if item is not None:
                port.emit(Put(item))

    def plan_updated(self, params: dict[str, Any]) -> None:
        """The agent's plan: one item for each turn."""
        turn, port = text(params, "turnId"), self._context.port
        plan = items.plan_entries(array(params, "plan"))
        explanation = text(params, "explanation")
        port.emit(Put(Item(f"{turn}/plan", "plan", port.now_ms, text=explanation, status="done", turn=turn, plan=plan)))

    def usage(self, params: dict[str, Any]) -> None:
        """The tokens that the thread has used, with those of its sub-agents."""
        used, state = mapping(params, "tokenUsage"), self._context.state
        known, others = state.usage, state.agents_used
        own = known.total - others[0], known.cached - others[1], known.written - others[2]
        total, cached, written = map(tokens_in_all, _tokens(used, "total", own), others)
        now = UsageChanged(
            tokens(used, "last", "totalTokens") or 0,
            tokens(used, "modelContextWindow") or 0,
            total,
            limits=state.usage.limits,
            read=max(total - cached - written, 0),
            cached=cached,
            written=written,
            is_least=any(tokens(used, "total", name) is None for name in _TOKENS),
        )
        if not state.has_base:
            state.has_base = True
            self._tell_base(now, used, text(params, "turnId"))
        self._context.usage_changed(now)

    def _tell_base(self, now: UsageChanged, used: dict[str, Any], turn: str) -> None:
        """Tell what the resumed or forked thread had used before the first report.

        After a resume, the server repeats the last report, with the id of that turn. Without this, as after a fork, the
        first report of a turn has the tokens of its first request; one that is stopped before repeats the last one.
        """
        state = self._context.state
        start, earlier = state.start, state.start.used
        if not (start.options.get(FORK_OPTION) or (start.resumes and start.conversation)):
            return
        if turn == state.turn and not (earlier is not None and earlier.total == now.total):
            before = map(sub, (now.total, now.cached, now.written), _tokens(used, "last"))
            total, cached, written = (max(each, 0) for each in before)
            read = max(total - cached - written, 0)
            now = msgspec.structs.replace(now, total=total, read=read, cached=cached, written=written)
        self._context.port.emit(msgspec.structs.replace(now, of_conversation="base"))

    def agents_usage(self, params: dict[str, Any], thread: str) -> None:
        """The tokens that a sub-agent's thread has used; what it used before its first report's request counts not."""
        used, state = mapping(params, "tokenUsage"), self._context.state
        now = _tokens(used, "total", state.agents_told.get(thread, (0, 0, 0)))
        before = state.agents_told.get(thread) or tuple(map(sub, now, _tokens(used, "last")))
        total, cached, written = (max(each, 0) for each in map(sub, now, before))
        state.agents_told[thread] = now
        if total:
            all_used, all_cached, all_written = map(tokens_in_all, state.agents_used, (total, cached, written))
            state.agents_used = (all_used, all_cached, all_written)
            known = state.usage
            self._context.usage_changed(
                msgspec.structs.replace(
                    known,
                    total=tokens_in_all(known.total, total),
                    read=tokens_in_all(known.read, max(total - cached - written, 0)),
                    cached=tokens_in_all(known.cached, cached),
                    written=tokens_in_all(known.written, written),
                )
            )

    # ------------------------------------------------------------ previous turns

    def show_earlier_turn(self, raw: dict[str, Any]) -> None:
        """Show a turn of the resumed conversation that the transcript does not have."""
        turn, port = text(raw, "id"), self._context.port
        began_ms, ended_ms = (time_ms(raw, field, unit_ms=1000) for field in ("startedAt", "completedAt"))
        for raw_item in array(raw, "items"):
            item = self._translate({"startedAtMs": began_ms, **mapping(raw_item)}, turn, "", done=True)
            if item is None:
                port.raw(f"item {text(raw_item, 'type') or 'without a type'}", raw_item)
                continue
            item_ended_ms = time_ms(raw_item, "completedAtMs")
            status = "interrupted" if item.status == "running" else item.status
            port.emit(Put(msgspec.structs.replace(item, status=status, ended_ms=item_ended_ms)))
            ended_ms = ended_ms and max(ended_ms, item_ended_ms)  # A turn's times are whole seconds.
        error = error_words(text(raw, "error", "message"))
        if error:
            self._put_error(turn, mapping(raw, "error"))
        if ended_ms:
            port.emit(TurnOver(turn, _OUTCOMES.get(text(raw, "status"), "completed"), one_line(error), ended_ms))


def _tokens(used: dict[str, Any], of: str, known: tuple[int, int, int] = (0, 0, 0)) -> tuple[int, int, int]:
    """All tokens of a "ThreadTokenUsage", those from the model's cache, and the written ones.

    Args:
        used: the report.
        of: its part.
        known: the numbers so far, which stay if one cannot be true: the tokens that were read follow from all three.
    """
    total, cached, written = (tokens(used, of, name) for name in _TOKENS)
    return (total, cached, written) if total is not None and cached is not None and written is not None else known
