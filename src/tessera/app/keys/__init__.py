"""The keys of the service: making the first ones, and their rotation.

What is sealed or signed with them is not its to know.
"""
