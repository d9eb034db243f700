"""The digest of a request: it binds an answer to the request as it was shown. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from .items import AgentRequest


def digest(request: AgentRequest) -> str:
    """A digest of everything that an answer to the request allows, and of what the user sees beside it.

    It has only the first fields of a question, so that it is the same in versions that do not know the later ones.
    """
    questions = [(asked.id, asked.text, asked.options, asked.free, asked.secret) for asked in request.questions]
    options = [(option.id, option.name, option.kind) for option in request.options]
    shown = (
        request.id, request.kind, request.title, request.subject, request.directory, request.reason, request.complete,
        options, questions,
    )  # fmt: skip
    return hashlib.sha256(msgspec.msgpack.encode(shown)).hexdigest()[:32]
