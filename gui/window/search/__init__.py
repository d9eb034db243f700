"""Search in all chats: the sheet, recorded text, and opening a result.

searching       the sheet, the index behind it, and the way to the place
sheet           the field and the lines that were found
recorded_sheet  what was recorded around a line that the terminal no longer has
"""
