"""Draws the terminal, without a widget.

surface         canvas, cursor and composed text together
canvas          the picture of the grid; paints only changed rows
window_picture  the picture of the window that Qt paints in
row_painter     rows of cells: few drawn with QPainter, many put together
row_layout      the runs of a row with their looks
row_assembly    rows put together from the pictures of an atlas
style_alphabets  the pictures of an atlas for each style of such rows
colors          styles to colours, under a theme and a program's overrides
decorations     underlines, strike-through, overline
blinking_text   hides and shows text that blinks
cursor          the cursor's shape and its blinking
grid_layout     the grid's position in the widget, and the cell at a point
image_layer     the images over the grid
images          pictures of images, decoded in threads
sixel           decodes sixel images
regions         regions as rectangles, and at another scale
frame_pacing    decides when to paint: at once after a pause, else once a frame
"""
