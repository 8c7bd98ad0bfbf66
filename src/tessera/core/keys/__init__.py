"""Rules of keys: wrapping, sealing, signing, JOSE, and how one key follows another.

It waits for nothing. What is sealed or signed is not its to know.
"""
