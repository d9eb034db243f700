"""Images in a terminal: kitty's graphics protocol, for an engine that can mark rows. Pure.

graphics      the images of one terminal: what each command does, and how long an image stays
command       one command: its keys and its payload
inline_files  iTerm2's inline images, as commands
sixel         sixel images, as commands; their size
covering      where text has replaced a sixel image
transmission  collects an image's data, and checks it
file_formats  the kinds of image files, and their sizes
placement     where an image is placed, and what that needs of the engine
placeholders  images at the cells of Unicode placeholders
deleting      which placements a command deletes
saved         the images in a snapshot
replaying     the images as commands, for a replay
values        images and placed images, as viewers get them

Host and replicas get the same bytes and keep the same images. So only data in the output itself is accepted: a file or
shared memory is gone, or has changed, when a later replica or a new host reads the recording.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/. Not supported: other media, animations.
"""
