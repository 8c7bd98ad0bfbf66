"""Names and ends of the secrets that an application or a digital property has: what an operator may say of them."""

from collections.abc import Sequence

from tessera.app.operators import OperatorError
from tessera.core.clients.applications import CredentialRecord
from tessera.core.nearest import nearest


def free(found: Sequence[CredentialRecord], kind: str, before: int) -> str:
    """The first name like `secret-2` that is taken by none of these, of which `before` are of this kind."""
    taken = {each.name for each in found}
    return next(name for name in (f"{kind}-{count}" for count in range(before + 1, 2**31)) if name not in taken)


def check_new_end(ends_at: int | None, now: int) -> None:
    """Raises OperatorError for a new secret that would have ended already."""
    if ends_at is not None and ends_at <= now:
        raise OperatorError("secret_end_passed")


def to_end(
    found: Sequence[CredentialRecord], name: str, ends_at: int | None, now: int, owner: str
) -> tuple[CredentialRecord, int]:
    """The secret with this name, and the end that it is to get: now when None. Raises OperatorError.

    `owner` is what has these secrets: the application, or the property.
    """
    secret = next((each for each in found if each.name == name), None)
    if secret is None:
        known = [each.name for each in found]
        raise OperatorError("secret_not_found", owner=owner, name=name, nearest=nearest(name, known), known=known)
    if secret.ends_at is not None and secret.ends_at <= now:
        raise OperatorError("secret_ended", name=name)
    if ends_at is not None and ends_at < now:
        raise OperatorError("end_passed")
    return secret, now if ends_at is None else ends_at
