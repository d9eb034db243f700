"""The terminal widget: paints a replica and passes on the user's input.

This package makes a terminal's screen visible and usable by keyboard and mouse. It reads an ``Emulator``
(`session_host.terminal`) and writes to an ``InputSink``; it must not know hosts, sockets, the store, tabs or settings,
and it never feeds an emulator.

A view has many small parts. The methods that signals call in them are slots: for a connection to another method, PySide
gives the object a meta-object of its own, of 1 KiB.
"""
