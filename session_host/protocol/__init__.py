"""The protocol between viewers and hosts: pure values, no I/O, no clock, no asyncio.

This package has everything that two processes must agree on, and nothing that one of them decides alone.
"""
