"""Commands about organizations and their digital properties.

They read options and print results. What is done is decided in `app`.
"""
