"""The protocol between viewers and hosts: pure values, no I/O, no clock, no asyncio.

    values     sizes, modifiers, states: what other rooms share
    messages   every message that crosses a session's socket, and the bounds
    codec      frames: messages to bytes and back
    greeting   the first message each way, and the choice of the protocol's version
    keeper     messages between keeper, hosts and commands
    launch     what a host gets when it is started
    evidence   an activity's evidence: the reports of its sources, and its changes
    key_names  key names as people write them
    untrusted_text  what names and titles may hold when they are shown
    compatibility   messages for peers of older protocols

Everything that two processes must agree on is here, and nothing that one of them decides alone.
"""
