"""The pyte engine: runs wherever Python runs, and is a second opinion on what a program's output means.

It matches the first engine only where agents' and shells' screens do; no new feature has to be built twice. Where
terminals differ, it does what xterm does, or what ghostty does if that serves agents better (widths of graphemes). What
pyte itself does well enough stays pyte's: moving the cursor, tab stops.

It lacks: images, mouse pointers (OSC 22), colours by name (OSC 21, ``OSC 11;red``), left and right margins, origin
mode, reverse wrap-around, line feeds that return (LNM), saved modes (XTSAVE), reports of ANSI modes, of margins and of
the conformance level, tertiary attributes and the old form of the primary ones (``ESC Z``), reports of visibility
(2033), a cell for each code point (mode 2027 is always on), protected characters (they are erased like others),
shifting columns, rectangle operations, double-size lines, the alignment display, moving the screen into the history
(ED 22), 8-bit controls, control characters inside of a sequence (they end it), the width change of DECCOLM (viewers
choose the grid's size), and character sets other than line drawing in G0 and G1. An emoji that becomes wide in the last
column stays there, a replay leaves out an alternate screen that is not shown, and a repeated character
(REP) need not be the last thing written.
"""
