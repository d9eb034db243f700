"""The Agent Client Protocol, version 1 (https://agentclientprotocol.com). Pure.

    dialect    passes input and messages to the parts below
    shared     the port, the connection and the state, which all parts use
    state      all of the dialect's state
    opening    opens a session: capabilities, log-in, new conversation or resume
    turns      prompts and the ends of turns
    prompts    a prompt as content blocks
    messages   messages, thoughts and plans of the agent as items
    tools      tool calls as items
    content    content blocks, as the agent sends them
    client_methods  the client's methods that the agent calls: routes to the two parts below
    files      text files
    terminals  programs in terminals, and their output
    requests   permissions and questions of the agent
    forms      questions as forms, and their answers
    settings   modes, models and options of the session

The dialect routes each message to one of the parts. The parts share the state; a part may call those below it.
"""

from .dialect import AcpDialect

__all__ = ["AcpDialect"]
