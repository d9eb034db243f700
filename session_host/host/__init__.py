"""The detached process that owns one session, and with it the truth about that session.

    __main__      detaches, reads the launch spec, reports, runs
    session       the session: states, output, input, attachments, size; the heart
    pump          bytes between the event loop and the PTY; the child's end
    stream        the output with its offsets: the ring that late viewers catch up from
    lane          the emulator, one use of it at a time; floods are interpreted in a thread
    inputs        input on its way to the program: order, bounds, acknowledgements
    attachments   who is attached, what was taken from each, whose size counts
    agent_watch   what is known of the agent: hears its sources, tells, remembers, lets silence decay
    signals       what each source's signals mean
    activity      which of them is believed: the one authority on what the agent is doing
    state_files   the agent's own file of its state, followed
    transition_log  the changes of activity, written in threads that end
    focus         what a program is told when nobody looks at it
    connection    one client's conversation
    wire          one client's socket: read and written at once, what does not fit waits
    feed          one client's share of the output: current, behind, caught up
    server        the socket, and who may connect
    requests      the one-shot requests: describe, peek, send, stop, kill, rename
    record        what is written to the store, and the last screen

A host knows nothing of windows; it serves any number of viewers, and never waits for one.
"""
