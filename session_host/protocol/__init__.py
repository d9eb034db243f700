"""The protocol between viewers and hosts: pure values, no I/O, no clock, no asyncio.

    values     small values that all packages share: sizes, modifiers, states
    messages   every message on a session's socket, and the limits
    codec      frames: encodes messages to bytes, and decodes them
    greeting   the first message in each direction, and the choice of the protocol's version
    keeper     messages between keeper, hosts and commands
    launch     launch parameters of a host, and its report
    evidence   an activity's evidence: the reports of its sources, and its changes
    key_names  key names as people write them
    untrusted_text  cleans names and titles for display

This package has everything that two processes must agree on, and nothing that one of them decides alone.
"""
