"""Writes of how an application's assertions and DPoP proofs are to be signed."""

from tessera.core.changes.change import Change, NoticeKind


class _ApplicationChange(Change, frozen=True):
    client_id: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id


class SetSecurityProfile(_ApplicationChange, frozen=True):
    """Hold an application to a security profile, or to none."""

    security_profile: int


class SetAssertionAudience(_ApplicationChange, frozen=True):
    """Set the audiences that an application's assertions may have."""

    assertion_audience: int


class SetSigningAlgorithms(_ApplicationChange, frozen=True):
    """Set the algorithms with which an application may sign, as a sum of flags; 0 for any."""

    signing_algorithms: int
