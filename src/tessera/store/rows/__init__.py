"""Rows into values, where a row is not the value itself: a row with codes in it, or many rows for one value."""
