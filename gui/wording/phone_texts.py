"""Texts about the page for the phone."""

from __future__ import annotations

from gui.wording.text import Text

PHONE = Text("Phone…")
TITLE = Text("Pair a phone")
HINT = Text("Scan the picture with the phone’s camera. Or open {address} there, and type the code.")
NOT_SERVED = Text("The page is not served now. It then runs also after your next login.")
SERVE = Text("Serve the page")
SERVING = Text("Starting…")
MAY = Text("It may")
LOOK = Text("look")
ANSWER = Text("look, and answer questions")
EVERYTHING = Text("look, answer, send, stop and start")
LEFT = Text("Valid for {minutes}:{seconds:02} min")
OVER = Text("The code is void. Choose what the device may do for another one.")
PAIRED = Text("{name} is paired.")
DEVICES = Text("Paired devices")
REVOKE = Text("Revoke")
REVOKE_NAMED = Text("Revoke {name}")
REVOKED = Text("{name} is not paired any more.")
LAST_USED = Text("{name}: {may}; last used {when} ago")
NEVER_USED = Text("{name}: {may}; not used yet")
NO_PICTURE = Text("Install Outlive as outlive[web] for the page.")
PICTURE = Text("QR code of the address and the code")
CODE = Text("Code {code}")
