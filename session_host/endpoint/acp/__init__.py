"""The chat for a chat view: the agent's side of the Agent Client Protocol, version 1, on standard input and output.

    program      from the command line to a served chat
    connection   requests, replies and notifications as lines
    agent        the methods that the client calls, and the settings
    turns        one prompt: a question or a command
    answer       sends one answer while it arrives
    prompts      a prompt's content blocks as a question
    updates      updates for the client, as values; the whole conversation for one that loads it

It does not use the protocol's SDK, whose import would more than double the time until the chat is ready.
"""
