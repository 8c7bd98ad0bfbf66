"""The demonstration: an organization with a shop, a program and customers, and examples that exist in it.

It may know every topic, and none knows it.
"""
