"""The ghostty engine: libghostty-vt behind the Emulator protocol. Fast and complete.

emulator    GhosttyEmulator, made of the parts below
stream      output into the library: the hot path
effects     replies and events, out of the library
input       keys, mouse and focus as bytes
frame       what is to be painted since the last frame
cells       rows of cells, out of the library's render state
row_reader  rows of the screen and its history, for text and copies
history     the limit of the history
selection   the library's own selection
snapshot    the binary form of a terminal's state
replay      a terminal's state as bytes that rebuild it in any engine
library/    libghostty-vt itself: its C interface, and the calls that all else is made of
"""
