"""The protocol between viewers and hosts: pure values, no I/O, no clock, no asyncio.

    values     sizes, modifiers, states: what other rooms share
    messages   every message that crosses a session's socket, and the bounds
    codec      frames: messages to bytes and back
    words      what names and titles may hold when they are shown
    launch     what a host is told when it is started

Everything that two processes must agree on is here, and nothing that one of them decides alone.
"""
