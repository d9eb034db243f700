"""The pyte engine: subclasses of pyte's parser and screen behind the Emulator protocol. Runs wherever Python runs.

emulator  PyteEmulator, made of the parts below
parser    turns bytes into calls of the screen's methods
screen/   the screen, in layers: grid, editing, modes, reports, reflow
cells     the cells of one row, and their packed form for the history
style     Select Graphic Rendition: parameters to a style, and back
width     widths of characters and of clusters
osc       OSC commands that report something to the user
view      the viewport's position in the history, and the selection
state     encodes the engine's whole state as bytes, and decodes it
replay    escape sequences that rebuild the state in any engine
"""
