"""The agent's side of the Agent Client Protocol, version 1, on standard input and output.

It does not use the protocol's SDK, whose import would more than double the time until the chat is ready.
"""
