"""Tests behind a real proxy."""
