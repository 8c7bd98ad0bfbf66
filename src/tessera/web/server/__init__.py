"""The HTTP server: from bytes to requests, and from responses to bytes, within limits.

What is asked for and answered is not its to know: the application is asked.
"""
