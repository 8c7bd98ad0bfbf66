"""Applications and digital properties: their credentials, how they authenticate, and the limits that hold for them.

Tokens are not its to know: a client authenticates first.
"""
