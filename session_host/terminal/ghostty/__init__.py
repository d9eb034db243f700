"""The ghostty engine: libghostty-vt behind the Emulator protocol. Fast and complete.

emulator    GhosttyEmulator, made of the parts below
stream      feeds output into the library: the hot path
sequences   finds sequences that the library does not report, or should not answer, also in pieces
own_sequences  finds control sequences that the library does not know
queries     answers queries for settings and capabilities
repetitions limits the repetitions of REP
effects     collects replies and events from the library
input       encodes keys, mouse and focus as bytes
modes       the modes of keyboard, mouse and screen
frame       the changes to paint since the last frame
cell_bits   the bits of cells, for whole rows
cells       reads rows of cells
many_rows   reads many rows at once, with numpy
render_state  the viewport's rows in the library's own form, with marks of change
styles      the library's styles
grid_reader reads rows of the screen and its history, for text and copies
history     the limit of the history
sgr_history reads the history as lines with sequences for their styles
images      where images are in the library's rows
selection   the library's own selection
row_marks   marks of rows, which follow their content
snapshot    the binary form of a terminal's state
replay      a terminal's state as bytes that rebuild it in any engine
library/    libghostty-vt itself: its C interface, and the basic calls
"""
