"""The pyte engine: pyte's parser and screen, subclassed, behind the Emulator protocol. Runs wherever Python does.

emulator  PyteEmulator, made of the parts below
parser    bytes to calls of the screen's methods
screen/   the screen, in layers: grid, editing, modes, reports, reflow
cells     the cells of one row, and their packed form for the history
style     Select Graphic Rendition, both ways
width     widths of characters and of clusters
osc       OSC commands that tell the user something
view      the viewport's place in the history, and the selection
state     the engine's whole state as bytes, and back
replay    the state as bytes that rebuild it in any engine
"""
