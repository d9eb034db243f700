"""The rules of a session, as plain objects: no sockets, no clock, no event loop, no threads.

    session        the session: its program, its terminal, and its clients
    structured_chat  the part that speaks to an agent without a terminal
    requests       what commands ask: send, stop and kill, step by step
    effects        values that tell the host what to do, in order
    states         state machines as tables, and the diagrams in the docstrings
    connection     one client's conversation; connection_states is its table
    rights         what a client needs for each message
    frame_queue    one client's frames in order, with delayed acknowledgements
    clients        the attached clients, which get the events
    viewers        passes the events of viewers to the next three
    attachments    the registrations of viewers, with the last accepted input of each
    sizing         the grid size: the most recently used viewer's
    focus          focus reports to the program when no viewer shows it
    program_input  encodes an input for the program, and classifies it
    starting_input  input that waits until an agent takes it
    prompt_line    whether nothing is typed in the agent's input line
    output_ring    the newest output by its offsets, from which viewers catch up
    subscription   one client's share of the output

An event is a method call. The calls on the two hot paths return bytes: a key's for the program, and the output's frame
for the viewers. All other effects are appended to one list, ``effects``, which all objects of a session share; the
caller carries them out in order before its next call. Starting a timer and requesting the emulator are effects, too;
the events ``timer_due`` and ``use_emulator`` follow them. A test is a script of events and expected effects; see
``tests/support/playbook.py``.
"""
