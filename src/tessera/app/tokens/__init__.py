"""Access tokens: verify, describe, inspect and revoke them, and the resource servers that they are for.

How a client authenticates is known from below. The platform is not its to know.
"""
