"""The Agent Client Protocol, version 1 (https://agentclientprotocol.com). Pure.

    dialect    routes verbs and messages to the parts below
    shared     the port, the connection and the state, which all parts use
    state      all of the dialect's state
    opening    from the start of the program to the first prompt: log-in, new session, resume
    turns      prompts and the ends of turns
    prompts    a prompt as content blocks
    messages   messages, thoughts and plans of the agent as items
    tools      tool calls as items
    content    content blocks, as the agent sends them
    client_methods  what the agent has its client do: routes to the two parts below
    files      text files
    terminals  programs in terminals, and their output
    requests   permissions and questions of the agent
    forms      questions as forms, and their answers
    settings   modes, models and options of the session

The dialect leads each message to one of the parts. They share the state, and know each other in the order of this list,
from the end.
"""

from .dialect import AcpDialect

__all__ = ["AcpDialect"]
