"""Rules of customers: profiles, identifiers, countries and states, tags and activity, and the timeline.

It waits for nothing. Points and levels come from the loyalty package below.
"""
