"""Work that spans topics: what is to be done in the background, and what is purged when.

It may know every topic but customers and loyalty, and only the demonstration stands above.
"""
