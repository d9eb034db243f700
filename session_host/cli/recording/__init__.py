"""``outlive replay`` and ``outlive export``: play a chat's recording, or write it to a file.

recording  a session's recording: output, resizes and gaps
replay     plays a recording in this terminal
export     writes a recording to a file; cast, html_page and text are the formats
transcript_export  writes a structured chat to a file
lines      every line that scrolled off the screen, then the screen
"""
