"""What the tests share: a clock that can be stepped, counted entropy, a context over a real file, a real server."""
