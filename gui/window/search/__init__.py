"""Search in all chats: the sheet, recorded text, and opening a result.

searching       connects the sheet and the index, and opens a result
sheet           the search field and the results
recorded_sheet  the recorded text around a line that the terminal no longer has
"""
