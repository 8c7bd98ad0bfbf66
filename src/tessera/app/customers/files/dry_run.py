"""A store for a dry run: it reads as the real one does, and remembers what would have been written."""

from collections import ChainMap
from collections.abc import MutableMapping, Sequence

import msgspec

from tessera.app.customers.customers import decode_profile
from tessera.core.changes import (
    AddCustomer,
    Change,
    ClaimIdentifier,
    ClaimReferrerCode,
    Notice,
    ReleaseIdentifier,
    ReplaceProfile,
    SetCustomProfile,
    SetIdentifiers,
)
from tessera.core.customers import emails
from tessera.core.customers.customers import Customer
from tessera.ports import Conflict, Store


class DryRun:
    """What an import needs of a store, for the customers of one organization.

    Nothing reaches the real store but reads, for there is no other way here. A customer that would have been written
    takes about a kilobyte until the end. Numbers of new customers are negative.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._customers: MutableMapping[int, Customer] = {}
        self._owners: MutableMapping[tuple[str, str], int | None] = {}
        """Who has an external id, an email address or a referrer code; None when nobody has it any more."""
        self._read: dict[int, Customer] = {}
        self._last = 0

    async def customers_with_external_ids(self, organization: int, external_ids: Sequence[str]) -> dict[str, Customer]:
        """As `ports.Store` says."""
        unknown = [each for each in external_ids if ("id", each) not in self._owners]
        found = await self._store.customers_with_external_ids(organization, unknown) if unknown else {}
        return self._as_they_are("id", external_ids, found)

    async def customers_with_emails(self, organization: int, folded_emails: Sequence[str]) -> dict[str, Customer]:
        """As `ports.Store` says."""
        unknown = [each for each in folded_emails if ("email", each) not in self._owners]
        found = await self._store.customers_with_emails(organization, unknown) if unknown else {}
        return self._as_they_are("email", folded_emails, found)

    def _as_they_are(self, kind: str, names: Sequence[str], stored: dict[str, Customer]) -> dict[str, Customer]:
        """Those whom these names belong to, as they would be by now."""
        found = {name: self._customers.get(each.number, each) for name, each in stored.items()}
        for name in names:
            number = self._owners.get((kind, name))
            if number is not None:
                found[name] = self._customers.get(number) or self._read[number]
        self._read.update((each.number, each) for each in found.values())
        return found

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        """Remember all of the changes or none. Raises Conflict."""
        draft = _Draft(self._store, ChainMap({}, self._customers, self._read), ChainMap({}, self._owners), self._last)
        for change in changes:
            await draft.take(change)
        self._customers.update(draft.customers.maps[0])
        self._owners.update(draft.owners.maps[0])
        self._last = draft.last
        self._read = {}
        return ()


class _Draft:
    """A commit while it is made; the first map of each is its own. `last` is the number of the latest new customer."""

    def __init__(
        self,
        store: Store,
        customers: ChainMap[int, Customer],
        owners: ChainMap[tuple[str, str], int | None],
        last: int,
    ) -> None:
        self._store = store
        self.customers = customers
        self.owners = owners
        self.last = last
        self._numbers = {each.id: each.number for each in customers.maps[2].values()}

    async def take(self, change: Change) -> None:
        """One change more. Raises Conflict when the fact that it relies on does not hold."""
        match change:
            case AddCustomer():
                self._add(change)
            case ReplaceProfile():
                self._replace(change)
            case SetIdentifiers():
                self._check(change, self.customers[change.customer].identifiers == change.was_identifiers)
                self._set(change.customer, identifiers=change.identifiers)
            case SetCustomProfile():
                self._check(change, self.customers[change.customer].user_profile == change.was_user_profile)
                self._set(change.customer, user_profile=change.user_profile)
            case ClaimIdentifier():
                self._claim(change, ("id", change.external_id), self._numbers[change.customer_id])
            case ReleaseIdentifier():
                self.owners["id", change.external_id] = None
            case ClaimReferrerCode():
                await self._claim_code(change)

    def _add(self, change: AddCustomer) -> None:
        self.last -= 1
        self._numbers[change.id] = self.last
        self.customers[self.last] = Customer(
            number=self.last,
            id=change.id,
            profile=change.profile,
            standing="",
            version=0,
            identifiers=change.identifiers,
            user_profile=change.user_profile,
        )
        if change.folded_email is not None:
            self._claim(change, ("email", change.folded_email), self.last)

    def _replace(self, change: ReplaceProfile) -> None:
        self._check(change, self.customers[change.customer].profile == change.was_profile)
        was, becomes = decode_profile(change.was_profile), decode_profile(change.profile)
        if isinstance(was.email, str):
            self.owners["email", emails.folded(was.email)] = None
        if change.folded_email is not None:
            self._claim(change, ("email", change.folded_email), change.customer)
        if was.referrer_code != becomes.referrer_code:
            self.owners["code", was.referrer_code] = None
        self._set(change.customer, profile=change.profile)

    def _set(self, number: int, **members: str) -> None:
        self.customers[number] = msgspec.structs.replace(self.customers[number], standing="", **members)

    def _claim(self, change: Change, name: tuple[str, str], number: int) -> None:
        self._check(change, self.owners.get(name) in (None, number))
        self.owners[name] = number

    @staticmethod
    def _check(change: Change, holds: bool) -> None:  # noqa: FBT001  # the fact itself
        if not holds:
            raise Conflict(change, "what it was decided on is as it was")

    async def _claim_code(self, change: ClaimReferrerCode) -> None:
        number = self._numbers[change.customer_id]
        if ("code", change.code) not in self.owners:
            owner = await self._store.customer_id_with_referrer_code(change.organization, change.code)
            self._check(change, owner in (None, change.customer_id))
        self._claim(change, ("code", change.code), number)
