"""Claude Code's stream-json protocol (``claude -p --input-format stream-json --output-format stream-json``). Pure.

    dialect    the protocol: turns, control requests, settings
    reader     Claude's messages and streamed deltas as items
    saved      a conversation that Claude Code saved, as items
    tools      tool calls and their results as fields of an item
    requests   permissions and questions, and the replies to them
    hook       permissions of a chat in a terminal, asked by a hook
    notices    Claude's messages about the chat itself as one line each
    limits     the limits of the subscription
    settings   the model, the permission mode and the commands
    state      the dialect's state

Claude Code has no public schema of this protocol. The facts come from versions 2.1.197 and 2.1.329, and from the types
of its SDK (https://docs.claude.com/en/api/agent-sdk/typescript).
"""
