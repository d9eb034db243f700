"""The other side of a host's socket; used by the window and by the commands alike.

    launch       start a host for a new session
    resume       go on with an ended session's conversation
    resumability whether that can be done
    elsewhere    who else has it open
    connection   one connection: the handshake, and messages both ways
    viewer       follow a session: a replica, typed input, reconnection
    viewer_state its states, and whom it tells
    outbox       input that the host has not acknowledged
    arriving     a snapshot on its way in
    control      one-shot requests
    sessions     one session, and how it is
    records      the record's part in that
    quick        all sessions, asked without a loop
    recovery     a damaged record begun anew from the running hosts
    ended        the last screen of a session that ended
    window       commands to the open window

It knows asyncio and nothing of Qt: the window gives it its own loop.
"""
