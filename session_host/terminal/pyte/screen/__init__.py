"""The pyte engine's screen, in layers; each class inherits the one before.

grid     rows, cursor, margins, scrolling and history
edit     writing, erasing, inserting and deleting
modes    modes, the two screens, saved cursors, resets
reports  answers to a program's questions, OSC and DCS strings
reflow   changing the size: history and screen reflow
"""
