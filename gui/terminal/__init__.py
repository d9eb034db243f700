"""The terminal widget: paints a replica and passes on the user's input.

This package makes a terminal's screen visible and usable by keyboard and mouse. It reads an ``Emulator``
(`session_host.terminal`) and writes to an ``InputSink``; it must not know hosts, sockets, the store, tabs or settings,
and it never feeds an emulator.
"""
