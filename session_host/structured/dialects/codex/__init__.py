"""The dialect of Codex: the messages of ``codex app-server``, checked with version 0.169.0. Pure.

    dialect        the conversation with the server: its thread, and the replies to our requests
    prompts        prompts and steering texts
    notifications  routes notifications to the other parts
    turns          the items of running turns, and how a turn begins and ends
    items          the server's items as items of the transcript
    requests       the server's requests, and the user's answers
    questions      requests as questions to the user, and the reply for each answer
    settings       the settings of a thread
    limits         the limits of the subscription
    context, state the parts' shared objects; the state survives the host

The protocol is described at https://github.com/openai/codex/tree/main/codex-rs/app-server, and by
``codex app-server generate-json-schema`` for the installed version.
"""
