"""Wayland compositors off screen, in which tests use the window as a user does.

compositor      what tests see of each: keys, pointer, pictures, displays
sway            sway
kwin            KWin, of Plasma
gnome           GNOME Shell
client          the Wayland protocol, as far as keys and the pointer need it
input_method    an input method
keyboard        keys by their names, as a keyboard of the United States has them
bus             calls on the compositor's message bus
"""
