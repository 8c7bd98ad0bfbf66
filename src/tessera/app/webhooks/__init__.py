"""Webhooks: their settings, the events in the outbox, and the deliveries to receivers.

What an event tells is not its to know: it comes as a text.
"""
