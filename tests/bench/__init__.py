"""Tests of the benchmark: that it runs, and what it writes."""
