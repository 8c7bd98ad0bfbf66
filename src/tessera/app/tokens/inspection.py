"""Saying of a token, to the operator alone, whose it is and why it is dead."""

import msgspec

from tessera.app.context import Context
from tessera.app.tokens import formats
from tessera.core import scopes
from tessera.core.clients.applications import Application
from tessera.core.tokens import access_tokens
from tessera.core.tokens.access_tokens import Claims


class Inspection(msgspec.Struct, frozen=True):
    """What an operator is told of a token; `reasons` says why it is dead, and is empty for a live one.

    All else is None for a token that is not ours; `name` and `client_id` also for one whose application is gone.
    """

    live: bool
    reasons: list[str]
    name: str | None = None
    client_id: str | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    scope: str | None = None
    resource: str | None = None


async def inspect(context: Context, token: str) -> Inspection:
    """Look at a token, dead or alive."""
    now = context.clock.now()
    claims = await formats.of_any_issuer(context, token, now)
    if claims is None:
        return Inspection(False, ["It is not a token of this database, or the key that sealed it is gone."])
    application = await context.directory.applications.with_number(claims.application)
    resource = context.directory.resources.numbered.get(claims.resource)
    reasons = _reasons(context, claims, application, now)
    record = None if application is None else await context.store.application_record(application.client_id)
    return Inspection(
        live=access_tokens.live(claims, application, context.directory.revocations, now, context.directory.resources),
        reasons=reasons,
        name=None if record is None else record.name,
        client_id=None if application is None else application.client_id,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        scope=scopes.show(claims.scopes),
        resource=None if resource is None else resource.identifier,
    )


def _reasons(context: Context, claims: Claims, application: Application | None, now: int) -> list[str]:
    """Every reason for which the token is dead; `core/tokens/access_tokens.live` is the law, this only explains it."""
    reasons = []
    if now >= claims.expires_at:
        reasons.append("It has expired.")
    elif claims.expires_at <= context.directory.revocations.purged_until:
        reasons.append("It has long expired, whatever this machine's clock says: revocations of its age were deleted.")
    if context.directory.revocations.holds(claims.token_id, claims.expires_at):
        reasons.append("It was revoked.")
    if application is None:
        return [*reasons, "Its application was deleted."]
    if not application.enabled:
        reasons.append("Its application or its organization is disabled.")
    elif access_tokens.cut_off(claims, application):
        reasons.append(
            "After it was issued all tokens of its application or its organization were revoked, one of the two was"
            " disabled and enabled again, or a backup was restored."
        )
    if claims.resource and claims.resource not in context.directory.resources.numbered:
        reasons.append("The resource it is for was deleted.")
    elif claims.resource and not context.directory.resources.uphold(application, claims.resource, claims.scopes):
        reasons.append("Its application may not do any more at the resource what it says.")
    if not any(secret.live(now) for secret in application.credentials):
        reasons.append("Its application has no live secret.")
    return reasons
