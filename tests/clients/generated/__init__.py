"""Clients that generators make of the document, and a program for each that uses its client."""
