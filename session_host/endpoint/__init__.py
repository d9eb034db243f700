"""A chat with any OpenAI-compatible server: the program that runs in a terminal for ``outlive new endpoint``.

The catalog lists this program as one more agent. It knows nothing of hosts and sessions, and reports its state like any
program (OSC 2, OSC 7501). Run it with ``python -m session_host.endpoint``.

    program          from the command line to a chat
    options          reads the command line, ``endpoint.toml``, and the resumed conversation's settings
    chat             turns the user's entries into questions and commands, one at a time
    commands         slash commands: names, help, completion
    command_actions  carries out the slash commands
    question_queue   questions that were entered during an answer
    asking           one question, from sending it to the end of its answer
    server/          the model server: requests, errors, addresses, keys
    conversation/    the conversation as values, and its file
    screen/          the terminal: input, markdown, signals
"""
