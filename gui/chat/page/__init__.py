"""The page of a transcript: finds what is visible among any number of items, paints it and scrolls.

document   a page of items that does not grow
page       keyboard, controls, requests and matches
pointing   mouse: controls, links, selection
clicks     what several clicks select: a word, a line
scrolling  arranges the segments on the page, and scrolls
painting   paints the segments on the page
file_names  the names of files on the page, looked up
positions  scroll positions, and iteration over segments
rows       items as rows: segments, layouts and heights
turn_ends  the messages that end turns, and the line below them
heights    sums of many heights
selection  the selected part and its text
finding    finds a text in all items
requests   the widget of an open request
form           the questions in it, and their answers
seen           whether the user has seen what it asks for
request_parts  helpers of that widget
accessible_rows  the visible items for screen readers
"""
