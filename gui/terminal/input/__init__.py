"""Converts the user's input in the terminal widget to typed calls of its sink.

input_sink    the interface of the receiver: key, text, paste, mouse, focus
keyboard      keys for the program, and the few keys that the view handles itself
pointer       the mouse: selections, links, and events for the program
pointer_shapes  Qt's cursors for the shapes that programs set
wheel         the wheel: history, arrow keys, the program, zoom
input_method  composed text
clipboard     copying, and which pastes need confirmation
pasting       pastes and drops
broadcast     typed input for several views
"""
