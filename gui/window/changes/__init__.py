"""The window with all changes of a chat's directory: the changed files on the left, their diffs on the right.

It only reads: it stages and discards nothing. It must not know git; ``ChangesReader`` of the bridge asks it.

window     the window: list, page, find bar, refreshing
file_list  the list of the changed files, with a field that filters it
page       the diffs, drawn as those of a chat are
content    a changed file as segments
finder     finds text in the diffs
"""
