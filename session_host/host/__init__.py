"""The process that serves one session: its emulator, its clients, its recovery.

    main            a host's life: take over, start or continue, serve, save the exit, leave
    keeper_channel  the conversation with the keeper, and finding another keeper
    driver/         runs a session: calls the rules in ``session_host.session``, carries out their effects
    program/        the program's side: PTY, emulator worker, journal writer
    operations/     what a structured chat's agent has its client do: files, terminals
    clients/        the clients' side: the socket, the clients, their requests
    watchers/       what the agent does: files, titles, hooks, followed without polling
    lifecycle/      ownership of the session, writes to the store

A host knows nothing of windows; it serves any number of viewers, and never waits for one.
"""
