"""Tests of where a request begins and ends, and of whose answer is whose."""
