"""The operations of what processes and nodes agree on."""
