"""Writes of what becomes of an organization: its name, whether it is enabled, and that it goes with all it has.

An organization can have a million customers, so it goes in batches, each of them a commit of its own. All of them
restate that it is disabled: nobody is a caller of it any more, and nothing new comes while the old goes.
"""

from tessera.core.changes.change import Change, NoticeKind


class _OrganizationChange(Change, frozen=True):
    organization: int

    def notice(self) -> tuple[NoticeKind, str] | None:
        return NoticeKind.ORGANIZATION, str(self.organization)


class RenameOrganization(_OrganizationChange, frozen=True):
    """Give an organization another name, which no other organization has."""

    name: str

    def notice(self) -> None:
        """Nothing in memory has the name of an organization."""


class DisableOrganization(_OrganizationChange, frozen=True):
    """Stop an enabled organization: nobody gets in for it, and all tokens of its applications so far are dead.

    `step` is how far its generation rises (`core/generations.py`), here and when it is enabled.
    """

    at: int
    step: int = 1


class EnableOrganization(_OrganizationChange, frozen=True):
    """Start a disabled organization again; tokens from before stay dead."""

    at: int
    step: int = 1


class DeleteOrganizationCustomers(_OrganizationChange, frozen=True):
    """Delete up to `limit` customers of a disabled organization, with everything that is kept of them."""

    limit: int

    def notice(self) -> None:
        """Nothing in memory is of a customer."""


class DeleteOrganizationApplications(_OrganizationChange, frozen=True):
    """Delete up to `limit` applications of a disabled organization, with their credentials, counts and access."""

    limit: int


class DeleteOrganizationEvents(_OrganizationChange, frozen=True):
    """Delete up to `limit` events of a disabled organization."""

    limit: int

    def notice(self) -> None:
        """Nothing in memory is an event."""


class DeleteOrganization(_OrganizationChange, frozen=True):
    """Delete a disabled organization without customers and applications: properties, webhooks and events go too.

    Its row stays under another name, which no organization can be given.
    """

    at: int
