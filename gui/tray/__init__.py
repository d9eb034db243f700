"""The tray icon with its menu, and desktop notifications.

It shows the state of ``gui.bridge`` and emits signals for the user's choices. It must not know the window: the tray
exists also while the window is hidden.
"""
