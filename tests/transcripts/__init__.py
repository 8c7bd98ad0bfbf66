"""Golden transcripts of HTTP, played in process and over a socket."""
