"""The way to the keeper: finding it, starting one if there is none, and messages with descriptors.

    finding   connect to the user's keeper; under a lock, start one
    asking    a question to the keeper, asked again if it dies over it
    pipe      messages and descriptors over a socket
    naming    which processes are the keeper

Hosts and commands both go this way; this room knows neither.
"""
