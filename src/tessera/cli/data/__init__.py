"""Commands about a data folder or database as a whole: migrate, back up, restore, copy, look over, demonstrate.

They read options and print results. What is done is decided in `app` and `store`.
"""
