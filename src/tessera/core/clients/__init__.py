"""Rules of applications and digital properties: credentials, assertions, certificates, limits, rotation.

It waits for nothing. Tokens and grants are not its to know.
"""
