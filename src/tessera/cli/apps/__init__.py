"""Commands about applications and their credentials, limits, access and use.

They read options and print results. What is done is decided in `app`.
"""
