"""The main window and everything in it.

The window shows the state of ``gui.bridge``, and turns the user's actions into calls of it and of ``gui.terminal``.
It must not know hosts or the store, which the bridge hides.
"""
