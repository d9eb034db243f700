"""``outlive replay`` and ``outlive export``: a chat's recording, played or written to a file.

recording  a recording as it is played and exported: output, resizes, gaps
replay     plays it in this terminal
export     writes it to a file; cast, html_page and text are its forms
lines      every line that left the screen, then the screen
"""
