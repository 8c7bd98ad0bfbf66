"""What a process keeps in memory: read through, bounded, and never older than the feed."""
