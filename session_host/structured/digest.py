"""The digest of a request: it binds an answer to the request as it was shown. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from .items import AgentRequest


def digest(request: AgentRequest) -> str:
    """A digest of everything that an answer to the request allows."""
    shown = (request.id, request.kind, request.title, request.subject, request.directory, request.questions)
    return hashlib.sha256(msgspec.msgpack.encode(shown)).hexdigest()[:32]
