"""Dialects: the agents' protocols, each translated into the vocabulary of ``items``. Pure.

    base       what a dialect is, and what it may ask for
    json_rpc   requests, replies and notifications, for the dialects that are JSON-RPC
    reading    messages, and fields that may be missing or of another type than expected
    limits     the limits of a subscription, from several reports
    patches    unified diffs of two texts
    acp/       the Agent Client Protocol
    setup      the setup of a worktree, before the agent's own dialect
    registry   the dialects by their names
    codex/     Codex: ``codex app-server``
    claude/    Claude Code: ``claude -p`` with streams of JSON
    one_shot/  agents that have one process a turn

No message of an agent makes a dialect fail: an unknown message or field becomes a "raw" item, and the rest of the
message counts.
"""
