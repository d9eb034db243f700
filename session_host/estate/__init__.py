"""What a session leaves to its next host: descriptors, and the files behind them.

    descriptors  Estate: the PTY, the pipe, three files in memory, the listening socket
    stream_file  the output as a file, whose length is the offset
    ledger       what was accepted, and how much of it the program has; its first page
    due_input    what the program does not have wholly yet; pure
    records      the kinds of the ledger's records; pure
    memory       what the ledger's records add up to
    checkpoint   an engine's state at an offset, so that a recovery need not begin at the beginning
    moving       bytes from PTY to file and from file to PTY inside the kernel

The keeper and the host hold the same descriptors. Between any two instructions of the host each byte that
the program wrote is in the PTY, in the pipe or in the file, and each byte for the program is before or
after the ledger's position: a host that is killed leaves nothing in its own memory that is not here too.
This room knows no event loop, no sockets' peers and no engine.
"""
