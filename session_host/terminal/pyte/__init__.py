"""The pyte engine: runs wherever Python runs, and is a second opinion on what a program's output means.

It matches the first engine only where agents' and shells' screens do; no new feature has to be built twice. Where
terminals differ, it does what xterm does, or what ghostty does if that serves agents better (widths of graphemes). It
lacks: images, mouse pointers (OSC 22), colours by name (OSC 21), left and right margins, origin mode, reverse
wrap-around, saved modes (XTSAVE), a cell for each code point (mode 2027 is always on), protected characters (they are
erased like others), shifting columns, rectangle operations, double-size lines, the alignment display, moving the screen
into the history (ED 22), 8-bit controls, the width change of DECCOLM (viewers choose the grid's size), and character
sets other than line drawing in G0 and G1.
"""
