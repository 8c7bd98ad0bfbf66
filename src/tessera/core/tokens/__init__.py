"""Rules of access tokens: their claims in both forms, what they are bound to, their life and revocation.

It waits for nothing. Grants are not its to know.
"""
