"""The ground floor: the law of OAuth and of the loyalty platform.

Offers pure, synchronous functions and frozen values.
Must not know: I/O, the clock, randomness, logging, async, HTTP.
"""
