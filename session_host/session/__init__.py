"""The rules of a session, as plain objects: no sockets, no clock, no event loop, no threads.

    session        the session: its program, its terminal, and its clients
    structured_chat  the part that speaks to an agent without a terminal
    requests       what commands ask: send, stop and kill, step by step
    effects        values that tell the host what to do, in order
    states         state machines as tables, and the diagrams in the docstrings
    connection     one client's conversation; connection_states is its table
    frame_queue    one client's frames in order, with delayed acknowledgements
    clients        the attached clients, which get the events
    viewers        passes what viewers do on to the three below
    attachments    the registrations of viewers: which input was taken from each
    sizing         the grid size: the most recently used viewer's
    focus          focus reports to the program when no viewer shows it
    program_input  the meaning of an input, for the program and for the rules
    starting_input  input that waits until an agent takes it
    prompt_line    whether nothing is typed in the agent's input line
    output_ring    the newest output by its offsets, from which viewers catch up
    subscription   one client's share of the output

An event is a call of a method. The two hot ones return bytes: a key's for the program, output's frame for the viewers.
All other effects are appended to one list, ``effects``, which all objects of a session share; the caller carries them
out in order before it calls again. A timer is an effect, and so is a wish to use the emulator: ``timer_due`` and
``use_emulator`` are the events that follow. A test is a script of both; see
``tests/support/playbook.py``.
"""
