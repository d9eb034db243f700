"""The chat with any OpenAI-compatible server: the program that runs in a terminal for ``outlive new endpoint``.

It is one more agent of the catalog. It knows nothing of hosts and sessions; what it tells of itself
it tells as any program may (OSC 2, OSC 7501). Run it with ``python -m session_host.endpoint``.

    program          from the command line to a chat
    options          command line, ``endpoint.toml``, and the conversation that it goes on with
    chat             the user's entries become questions and commands, one at a time
    commands         slash commands: names, help, completion
    command_actions  what the slash commands do
    asking           one question's life
    server/          the model server: requests, errors, addresses, keys
    conversation/    the conversation as values, and its file
    screen/          the terminal: input, markdown, signals
"""
