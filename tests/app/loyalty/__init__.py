"""The operations of points, levels, purchases and events."""
