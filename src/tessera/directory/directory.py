"""The directory: look-ups that wait on no database once an entry is known."""

from tessera.core.changes import Notice, NoticeKind
from tessera.core.keys.sealing import Ring, SealingKey
from tessera.core.keys.signing import ALGORITHMS, SigningKey, SigningRing
from tessera.core.keys.wrapping import KeyPurpose, MasterKey, WrappedKey
from tessera.core.tokens.resource_servers import Resources
from tessera.core.tokens.revocations import Revocations
from tessera.directory.applications import Applications
from tessera.directory.cache import Cache
from tessera.ports import Clock, DirectoryReader, Unusable

PROPERTIES_MAX = 10_000
PROGRAMS_MAX = 1_000
REVOCATIONS_PAGE = 10_000
"""Revocations read at once: all of them as rows would take more memory than it takes to keep them."""


class Directory:
    """Applications by client id and by number, properties, programs, resources, the keys, the pepper, the revocations.

    `ring` holds the keys that seal tokens, `signing` those that sign them.

    `issuer` names the platform among the resources. `sequence` is the notice up to which it has heard. Empty until
    `load`.
    """

    def __init__(
        self,
        reader: DirectoryReader,
        master_key: MasterKey,
        clock: Clock,
        applications_max: int,
        issuer: str | None = None,
    ) -> None:
        self._reader = reader
        self._issuer = issuer
        self._master_key = master_key
        self.applications = Applications(reader, clock, applications_max)
        self.properties = Cache(reader.property_with_key, PROPERTIES_MAX)
        self.programs = Cache(reader.program, PROGRAMS_MAX)
        self.resources = Resources()
        self.revocations = Revocations()
        self.ring: Ring
        self.signing: SigningRing
        self.pepper: bytes
        self.sequence = 0

    async def load(self) -> None:
        """Begin afresh: forget what is cached, read keys, resources and revocations.

        Raises Unusable when the master key does not open the stored keys, or there are none.
        """
        self.sequence = await self._reader.last_sequence()
        self.applications.clear()
        self.properties.clear()
        self.programs.clear()
        await self._load_keys()
        await self._load_resources()
        await self._load_revocations()

    async def _load_resources(self) -> None:
        self.resources = Resources(await self._reader.resources(), self._issuer)

    async def _load_revocations(self) -> None:
        """Beside those that are known: no revocation is ever taken back.

        All that there are, whatever the clock says: it may be wrong. The mark of the purges is read last, so that it
        covers what a purge deleted meanwhile.
        """
        page = await self._reader.revocations(-1, REVOCATIONS_PAGE)
        while page:
            for token_id, expires_at in page:
                self.revocations.add(token_id, expires_at)
            page = await self._reader.revocations(page[-1][0], REVOCATIONS_PAGE)
        self.revocations.purged(await self._reader.revocations_purged_until())

    async def _load_keys(self) -> None:
        keys = await self._reader.keys()
        opened = [(key, self._unwrap(key)) for key in keys]
        peppers = [material for key, material in opened if key.purpose is KeyPurpose.PEPPER]
        sealing = [
            SealingKey(key.number, material, key.signs_from, key.verifies_until)
            for key, material in opened
            if key.purpose is KeyPurpose.SEALING
        ]
        if not peppers or not sealing:
            raise Unusable("The database holds no keys. Restore it from a backup, or begin with an empty data folder.")
        self.pepper = peppers[-1]
        self.ring = Ring(sealing)
        self.signing = SigningRing(
            [
                SigningKey(key.number, ALGORITHMS[key.purpose], material, key.signs_from, key.verifies_until)
                for key, material in opened
                if key.purpose in ALGORITHMS
            ]
        )

    def _unwrap(self, key: WrappedKey) -> bytes:
        material = self._master_key.unwrap(key)
        if material is None:
            raise Unusable(
                "The master key is not the one this database was made with. Put the right key back"
                " (master.key in the data folder, or TESSERA_MASTER_KEY); nothing was changed."
            )
        return material

    def wrap(self, purpose: KeyPurpose, number: int, material: bytes) -> bytes:
        """A new key, as the database may hold it at this place."""
        return self._master_key.wrap(purpose, number, material)

    def encrypt(self, place: str, material: bytes) -> bytes:
        """Something that has to be read again, as it may stand at this place of the database."""
        return self._master_key.encrypt(place, material)

    def decrypt(self, place: str, enclosed: bytes) -> bytes:
        """What was enclosed for this place. Raises Unusable when it was not."""
        material = self._master_key.decrypt(place, enclosed)
        if material is None:
            raise Unusable(f"What the database holds for the {place} is not of this place. Restore it from a backup.")
        return material

    def knows(self, client: str) -> bool:
        """Whether this is in memory as the client id of an application, or as the API key of a property."""
        return client in self.applications.known or client in self.properties.known

    async def apply(self, notice: Notice) -> None:
        """Take in one notice. Taking one in twice does no harm.

        Cached entries are dropped, and read again by the next look-up. Revocations, resources and keys, which every
        request needs whole, are in force when this returns.
        """
        match notice.kind:
            case NoticeKind.APPLICATION:
                self.applications.drop(notice.key)
            case NoticeKind.PROPERTY:
                self.properties.drop(notice.key)
            case NoticeKind.PROGRAM:
                self.programs.drop(int(notice.key))
            case NoticeKind.ORGANIZATION:
                self._drop_organization(int(notice.key))
            case NoticeKind.TOKEN:
                self._revoke_token(notice.key)
            case NoticeKind.RESOURCE:
                await self._load_resources()
            case NoticeKind.KEYS | _:  # reading the keys again is right for a kind without a case of its own too
                await self._load_keys()

    def _drop_organization(self, number: int) -> None:
        self.applications.drop_organization(number)
        self.properties.drop_where(lambda known: known.organization == number)

    def _revoke_token(self, key: str) -> None:
        token_id, _, expires_at = key.partition(":")
        self.revocations.add(int(token_id), int(expires_at))
