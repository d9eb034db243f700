"""Images in a terminal: kitty's graphics protocol, for an engine that can mark rows. Pure.

Host and replicas get the same bytes and keep the same images. So only data in the output itself is accepted: a file or
shared memory is gone, or has changed, when a later replica or a new host reads the recording.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/. Not supported: other media, animations.
"""
