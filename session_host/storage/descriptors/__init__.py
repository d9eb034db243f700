"""Session descriptors and the files in memory behind them; they outlive any one host.

    session_descriptors  the PTY, the pipe, three files in memory, the listening socket
    output_file          the output as a file; its length is the offset
    input_log            accepted input, and how much of it the program has read; its first page is shared memory
    log_entries          the kinds of entries of the input log, and their layout
    pending_input        what the program does not have yet, oldest first
    log_state            the state that the input log's records add up to
    prompt_state         what is known about the agent's input line
    checkpoint           an engine's state at an offset, where recovery begins
    splice               bytes from PTY to file and from file to PTY, inside the kernel

The keeper and the host hold the same descriptors. At every instruction of the host, each byte that the program wrote is
in the PTY, the pipe or the file. Each byte for the program is before or after the input log's position. So a host that
is killed loses nothing that only it had. This package does not know event loops, sockets' peers or
engines.
"""
