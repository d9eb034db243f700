"""The digest of a request: an answer is bound to what was shown. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from .items import AgentRequest


def digest(request: AgentRequest) -> str:
    """A digest of all that a request's answer allows: an answer is bound to it."""
    shown = (request.id, request.kind, request.title, request.subject, request.directory, request.questions)
    return hashlib.sha256(msgspec.msgpack.encode(shown)).hexdigest()[:32]
