"""The detached process that owns one session, and with it the truth about that session.

Its life::

    main          takes over what there is, starts the program or goes on, serves, records the end, leaves
    recovery      what a former host left, made into what it was
    checkpoints   the screen and the sums, kept for a successor
    ownership     who serves it: one process at a time
    idleness      notices that nothing happens; resting, the host that then waits, in little memory
    keeper_channel  the conversation with the keeper, and finding another one
    ending        how a program is ended, and what ends with it
    record        what is written to the store, and the last screen

The program and its terminal::

    session       the session: states, output, input, attachments, size; the heart
    pump          bytes between the event loop and the PTY; the child's end
    lane          the emulator, one use of it at a time; floods are interpreted in a thread
    recording     the journal, written behind the emulator
    encoding      what an input means, to the program and to us
    performing    carries out what the rules want (``session_host.session``)

Who looks on::

    server        the socket, and who may connect
    connection    one client's conversation; wire, its socket; events, what it is told
    held_ack      the acknowledgement of its inputs, held back for a moment
    follower      a client as the session sees it
    requests      the one-shot requests: describe, explain, peek, send, stop, kill, rename
    sending       what is typed that no viewer typed

What the agent does::

    agent_watch   hears its sources, tells, remembers, lets silence decay
    signals       what each source's signals mean
    activity      which of them is believed: the one authority
    state_files   the agent's own file of its state, followed; inotify, by which it is
    transition_log  the changes of activity, written in threads that end
    conversation  which conversation it is in; open_files, what its processes hold open
    transcript_guard  keeps a Gemini CLI's transcript from other Gemini CLIs

A host knows nothing of windows; it serves any number of viewers, and never waits for one.
"""
