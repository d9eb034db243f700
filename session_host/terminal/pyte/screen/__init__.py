"""The pyte engine's screen, in layers; each class inherits from the one before.

anchors  positions that move with their text
grid     rows, cursor, margins, scrolling and history
marked_prompts  the primary screen's prompts, marked by such positions
edit     writing, erasing, inserting and deleting
modes    modes, the two screens, saved cursors, resets
reports  answers to queries, OSC and DCS strings
reflow   resizes the grid: history and screen reflow
"""
