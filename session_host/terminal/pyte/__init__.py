"""The portable engine: runs wherever Python runs, and is a second opinion on what a program's output means.

**pyte's** are: the tables of sequences and their names, the decoder of UTF-8, moving the cursor, tab stops, the set of
modes, the set of changed rows. **Ours** are the parser, the rows and all that changes them, since pyte 0.8.2 (tried)

- breaks off the text after 👨‍👩‍👧, and shows half of a wide character in the last column;
- prints a DCS, an APC and sequences such as ``CSI < u`` as text, and takes OSC 133 for a title;
- cuts columns for good at a resize, and has no alternate screen and no soft wraps;
- reads 0.3 MB/s (this engine: 3.9 to 12), needs 13 KB for a line of history, and hides an unfinished sequence in a
  generator, where no snapshot can find it.

It must not lose or change text, fail, tell a wrong size, or read less than 3 MB/s. It follows the first engine only
where agents' and shells' screens need it; no new feature has to be built twice. Where terminals differ, it does what
xterm does, or what ghostty does if that serves agents better (widths of graphemes). What it lacks is silent, and is
marked in the contracts (``portable_lacks``):

- marks of commands: prompts, turns, the times and texts of commands, taking back the modes of a killed command, and
  erasing a prompt that its shell draws again at another width;
- kitty's keyboard protocol and modifyOtherKeys;
- colours that a program sets (OSC 4, 10 to 12, 104, 110 to 112), colours by name and OSC 21; queries are answered;
- replies about settings and capabilities (DECRQSS, XTGETTCAP), ANSI modes, margins, the conformance level, visibility
  (2033), tertiary attributes, and to the old form of the primary ones (``ESC Z``);
- images, and mouse pointers (OSC 22);
- a selection that stays while its rows move in a part of the screen, or wrap anew; a viewport that stays at another
  width;
- left and right margins, origin mode, reverse wrap-around, line feeds that return (LNM), saved modes (XTSAVE), a cell
  for each code point (mode 2027 is always on), protected characters (they are erased like others), shifting columns,
  rectangle operations, double-size lines, the alignment display, moving the screen into the history (ED 22), 8-bit
  controls, control characters inside of a sequence (they end it), the width change of DECCOLM (viewers choose the
  grid's size), and character sets other than line drawing in G0 and G1.

An emoji that becomes wide in the last column stays there, a replay leaves out an alternate screen that is not shown,
and a repeated character (REP) need not be the last thing written.
"""
