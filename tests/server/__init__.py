"""The server as operators run it: health, numbers, log, TLS, traces."""
