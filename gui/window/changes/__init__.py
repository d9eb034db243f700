"""The window with all changes of a chat's directory: the changed files on the left, their diffs on the right.

The user comments on lines, and gives the comments to the chat. This package must not know git; ``ChangesReader`` of the
bridge asks it. It must not know chats' pages either; a ``CommentReceiver`` gets the comments.

window        the window: list, page, find bar, refreshing
file_list     the list of the changed files, with a field that filters it
page          the diffs, drawn as those of a chat are, with the cards of comments
line_marks    lines of the diffs that the user marks
line_ranges   lines on the page: from points and selections to numbers, and back
content       a changed file as segments
hidden_lines  the unchanged lines that a diff does not show
opening       shows them
finder        finds text in the diffs
review        the comments on the changes: written, found again, given to the chat
review_bar    the line with their number, and a line about what was done with them
since         chooses since when the changes are shown
restoring     restores the files to how they were before a prompt
discarding    discards a hunk or the change of a file
comment_card  a comment below its lines, and the box in which it is written
anchors       finds the lines of comments in diffs that have changed
"""
