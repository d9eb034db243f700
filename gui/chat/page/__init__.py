"""The page of a transcript: finds what is visible among any number of items, paints it and scrolls.

A transcript grows at any moment, also before Qt paints or resizes. So the page shows it as of its last frame, and one
rule says when what is derived from it is valid:

- ``Rows.transcript`` is a copy that only a frame brings up to date (``Rows.apply_changes``). Until the next one, all
  that was read of it is valid (rows, turns, heights, places of questions, ticks, the summary), whatever paints, ticks,
  resizes or is pointed at. Nothing on the page reads the transcript that grows.
- A frame says what it changed (``Rows.changes``). What is kept over frames is looked up again, if these items or the
  turns that they are in have changed it. After removals all of it is, because positions are other ones.
- ``PaintedPage.visible`` has positions and layouts. Each change of a row empties it, and who makes the change arranges
  the page again before it returns.
- What the user does is kept by keys (of rows, segments, controls), and checked when it is used: it may be gone.
"""
