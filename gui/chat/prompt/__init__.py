"""The prompt box.

box           the whole prompt box
editor        the field
content       the field's text with the images: the draft, or an earlier prompt
history       earlier prompts
completion    the list of files and commands
files         the files of a directory, listed in a thread
path_index    finds paths by a few typed letters
attachments   images as thumbnails
image_size    large images are scaled down
image_dialog  chooses image files, saves and copies an image
settings_row  model, mode and effort
usage         the used context, and a limit that is nearly reached
"""
