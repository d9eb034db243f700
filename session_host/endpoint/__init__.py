"""A chat with any OpenAI-compatible server: the program that runs for ``outlive new endpoint``.

The catalog lists this program as one more agent. It knows nothing of hosts and sessions. In a terminal, it reports its
state like any program (OSC 2, OSC 7501); for a chat view, it speaks the Agent Client Protocol. Run it with
``python -m session_host.endpoint``.

    program        from the command line to a chat
    options        reads the command line, ``endpoint.toml``, and the resumed conversation's settings
    terminal/      the chat in a terminal
    acp/           the chat for a chat view
    core           what both share: the conversation's file, the settings, the key and the server
    asking         one question, from sending it to the end of its answer
    commands       the slash commands of both
    server/        the model server: requests, errors, addresses, keys
    conversation/  the conversation as values, and its file
    screen/        the terminal's input, markdown, signals
"""
