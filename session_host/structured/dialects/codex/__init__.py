"""The dialect of Codex: the messages of ``codex app-server``, checked with version 0.171.0. Pure.

The protocol is described at https://github.com/openai/codex/tree/main/codex-rs/app-server, and by
``codex app-server generate-json-schema`` for the installed version.
"""
