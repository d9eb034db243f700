"""Other machines, over OpenSSH: a chat there is used as one here.

``ssh`` starts ``outlive bridge`` there; a ``Link`` keeps that connection and multiplexes channels on it
(``protocol.bridge``). ``RemoteMachine`` is the ``Machine`` (``client.machine``) that uses it. What comes from another
machine is shown, and never run, opened or trusted.
"""
