"""The domain rules of points, levels, purchases and events."""
