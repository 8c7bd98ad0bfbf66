"""Writes of resource servers, and of what applications may do there."""

from tessera.core.changes.change import Change, NoticeKind


class _ResourceChange(Change, frozen=True):
    identifier: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.RESOURCE, self.identifier


class AddResource(_ResourceChange, frozen=True):
    """A new resource server; its identifier and name are free. `application` is the one by which it asks, by number."""

    name: str
    scope: str
    token_format: int | None
    application: int | None
    created_at: int


class SetResource(_ResourceChange, frozen=True):
    """A resource server as it is from now on; it exists, and no other has this name."""

    name: str
    scope: str
    token_format: int | None
    application: int | None


class DeleteResource(_ResourceChange, frozen=True):
    """A resource server goes, with all that was granted there; it exists."""


class SetAccess(Change, frozen=True):
    """What an application may do at a resource, in place of what it could; both exist. An empty scope is nothing."""

    client_id: str
    resource: str
    scope: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id
