"""Commands about webhooks, events and deliveries.

They read options and print results. What is done is decided in `app`.
"""
