"""Commands about customers: import, list, show, export, erase and purge.

They read options and print results. What is done is decided in `app`.
"""
