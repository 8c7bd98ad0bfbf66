"""TLS by certificate files, read again when they change.

A handshake uses the pair that was taken last; connections that are open keep theirs. A new pair that cannot be used is
told in the log, and the one before stays.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tessera.core.times import core_time
from tessera.ops.log import log

POLL_SECONDS = 1.0

CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    )
)
"""For TLS 1.2, those that BCP 195 recommends (RFC 9325 section 4.2). Those of TLS 1.3 are all good."""

State = tuple[tuple[int, int, int, int] | None, ...]


class CertificateError(Exception):
    """A pair that cannot be used; the text is a sentence that says why."""


class Certificates:
    """The pair of one process. Handed to a worker as it is started; files are opened there."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self.key = key
        self._current: ssl.SSLContext | None = None
        self._read: State = ()

    def check(self) -> datetime:
        """When the certificate ends. Raises CertificateError when the files are no pair that can be served now."""
        self._made()
        return self._ends()

    def context(self) -> ssl.SSLContext:
        """What a listener is given: each handshake goes on with the pair that is in force then."""
        self._read = self._state()  # before: what changes meanwhile is read once more
        self._current = self._made()
        asking = self._made()
        asking.sni_callback = self._choose
        return asking

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _asking: ssl.SSLContext) -> None:
        if self._current is not None:
            connection.context = self._current

    async def follow(self, taken: Callable[[datetime], None]) -> None:
        """Take what is put in the files' place, until cancelled; `taken` is told when what is in force ends.

        Files are replaced one after the other: they are read when they have stayed the same from look to look.
        """
        taken(self._ends())
        seen = self._state()
        while True:
            await asyncio.sleep(POLL_SECONDS)
            before, seen = seen, self._state()
            if seen != before or seen == self._read:
                continue
            self._read = seen
            try:
                self._current = self._made()
            except CertificateError as error:
                log.error("certificate_rejected", reason=str(error))
                continue
            ends = self._ends()
            taken(ends)
            log.info("certificate_loaded", ends_at=ends.isoformat())

    def _state(self) -> State:
        return tuple(_state(path) for path in (self.certificate, self.key))

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        for path in (self.certificate, self.key):
            _readable(path)
        try:
            context.load_cert_chain(self.certificate, self.key, password=lambda: b"")
        except (ssl.SSLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None)
            if reason == "KEY_VALUES_MISMATCH":
                raise CertificateError(f"The key in {self.key} is not that of {self.certificate}.") from None
            raise CertificateError(
                f"{self.certificate} and {self.key} do not hold a certificate and its unencrypted key in PEM."
            ) from None
        self._valid()
        return context

    def _valid(self) -> None:
        leaf = self._leaf()
        now = datetime.now(UTC)
        if leaf.not_valid_after_utc <= now:
            raise CertificateError(f"The certificate in {self.certificate} ended at {_told(leaf.not_valid_after_utc)}.")
        if leaf.not_valid_before_utc > now:
            raise CertificateError(
                f"The certificate in {self.certificate} begins at {_told(leaf.not_valid_before_utc)}."
            )

    def _leaf(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificates(self.certificate.read_bytes())[0]
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.certificate} holds no certificate in PEM.") from error

    def _ends(self) -> datetime:
        return self._leaf().not_valid_after_utc


def _told(moment: datetime) -> str:
    return f"{core_time(int(moment.timestamp() * 1_000_000))} UTC"


def _readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}.") from None


def _state(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
