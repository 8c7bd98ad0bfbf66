"""The machine's entropy, asked for in blocks: a system call a token would cost as much as everything else."""

import os

BLOCK_BYTES = 4096


class SystemEntropy:
    """`ports.Entropy` by the operating system. Bytes are handed out once, and never after a fork to both sides."""

    def __init__(self) -> None:
        self._block = b""
        self._used = 0
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._block, self._used = b"", 0

    def random_bytes(self, length: int) -> bytes:
        end = self._used + length
        if end > len(self._block):
            self._block = os.urandom(max(BLOCK_BYTES, length))
            self._used, end = 0, length
        taken = self._block[self._used : end]
        self._used = end
        return taken
