"""The server's requests, and the user's answers."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.structured.dialects.base import Answer
from session_host.structured.dialects.json_rpc import METHOD_NOT_FOUND
from session_host.structured.dialects.reading import at, integer, mapping, text
from session_host.structured.items import AgentRequest, RequestOpened, RequestResolved

from . import questions
from .context import Context
from .state import OpenRequest
from .turns import item_id_of


class Requests:
    """Shows the server's requests and replies to them: each gets one reply."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def receive(self, message: dict[str, Any]) -> None:
        """Show a request, or refuse one that Outlive does not answer."""
        context = self._context
        state, number, method = context.state, message["id"], text(message, "method")
        if not isinstance(number, str) and integer(number, default=-1) != number:
            context.port.raw(method, message)
            return
        params = mapping(message, "params")
        turn = text(params, "turnId")
        request_id = f"{turn or text(params, 'threadId') or state.thread}-{number}"
        shown = questions.translate(method, params, request_id, self._known_item(params), context.port.now_ms)
        if shown is None:
            context.rpc.reply_error(number, METHOD_NOT_FOUND, f"{method}: not supported here")
            context.port.raw(method, message)
            return
        request = shown.request
        state.requests[request_id] = OpenRequest(number, method, turn, request.title, shown.results, shown.types)
        context.port.emit(RequestOpened(request))
        context.show_state()

    def _known_item(self, params: dict[str, Any]) -> questions.KnownItem:
        """The item that a request is about."""
        item_id = text(params, "itemId") or text(params, "callId")
        found = self._context.state.items.get(item_id_of(text(params, "turnId"), item_id))
        return questions.KnownItem(found.id, found.command, found.changes) if found else questions.KnownItem()

    def answer(self, request: AgentRequest, answer: Answer) -> None:
        """Reply with the user's answer."""
        context = self._context
        found = context.state.requests.pop(request.id, None)
        if found is None:
            return
        result: Any = msgspec.Raw(found.results.get(answer.option, "").encode())
        if answer.option not in found.results:
            result = questions.result_of_texts(found.method, found.types, answer.texts)
        context.rpc.reply(found.number, result)
        context.show_state()

    def resolved(self, params: dict[str, Any]) -> None:
        """Withdraw a request that needs no reply any more: it was answered elsewhere, or its turn is over."""
        number = at(params, "requestId")
        self._withdraw([key for key, request in self._context.state.requests.items() if request.number == number])

    def turn_ended(self, turn: str) -> None:
        """Withdraw the requests of a turn that has ended."""
        self._withdraw([key for key, request in self._context.state.requests.items() if request.turn == turn])

    def _withdraw(self, keys: list[str]) -> None:
        context = self._context
        for key in keys:
            del context.state.requests[key]
            context.port.emit(RequestResolved(key, "", at_ms=context.port.now_ms))
        if keys:
            context.show_state()
