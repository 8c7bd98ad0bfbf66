"""What all deeds of an operator share: how they are refused, what a name may be, how they are committed."""

from collections.abc import Mapping

from tessera.app.context import Context
from tessera.core import changes, wire
from tessera.core.changes import Change
from tessera.core.clients.applications import IMPORTED_LENGTH_MAX
from tessera.ports import Conflict, NotAllowed


class OperatorError(Exception):
    """What an operator asked for cannot be done; the text is a sentence that says why, and what to do."""


def check_text(what: str, text: str) -> None:
    """Raises OperatorError unless the text is printable ASCII of a length that a name, id or secret may have."""
    if not text or not wire.printable(text, IMPORTED_LENGTH_MAX):
        raise OperatorError(f"{what} must be 1 to {IMPORTED_LENGTH_MAX} printable ASCII characters.")


async def check_reachable(context: Context, url: str) -> None:
    """Raises OperatorError when this URL leads to where nothing may be sent. A name that nobody knows yet passes."""
    try:
        await context.outbound.check(url)
    except NotAllowed as reason:
        raise OperatorError(f"Nothing may be sent to this URL: {reason}.") from None


async def commit(
    context: Context, *wanted: Change, about: str | None = None, more: Mapping[str, object] | None = None
) -> None:
    """Commit what an operator asked for. Raises OperatorError when a fact it relied on does not hold.

    `about` and `more` are for the audit (`Context.commit`).
    """
    try:
        await context.commit(*wanted, about=about, more=more)
    except Conflict as conflict:
        sentence = _SENTENCES.get(type(conflict.change), f"Not done: it does not hold that {conflict.fact}.")
        raise OperatorError(sentence) from None


_NOT_DISABLED = "Somebody enabled or deleted the organization meanwhile. What is deleted so far stays deleted."

_SENTENCES: dict[type[Change], str] = {
    changes.AddOrganization: "An organization with this name exists already. Choose another.",
    changes.AddProperty: (
        "The organization has a property with this name, or another property has this API key. Choose another."
    ),
    changes.RenameProperty: "Another property of the organization has this name. Choose another.",
    changes.DisableProperty: "The property is disabled already.",
    changes.EnableProperty: "The property is enabled already.",
    changes.DeleteProperty: "The property does not exist any more.",
    changes.SetPropertyRails: "Somebody else changed the property's limits at this moment. Look again.",
    changes.AddPropertySecret: "The property has a secret with this name already. Choose another.",
    changes.EndPropertySecret: "Somebody else changed the secret's end at this moment. Look again.",
    changes.KeepPropertySecret: "Somebody else changed the property's secrets at this moment. Look again.",
    changes.FinishPropertySecret: "The old secret was used, or its end changed, at this moment. Look again.",
    changes.AddApplication: "An application with this name or client id exists already. Choose another.",
    changes.AddCredential: "The application has a credential with this name already. Choose another.",
    changes.EndCredential: "Somebody else changed the secret's end at this moment. Look again.",
    changes.KeepCredential: "Somebody else changed the application's secrets at this moment. Look again.",
    changes.FinishCredential: "The old secret was used, or its end changed, at this moment. Look again.",
    changes.SetTokenReuse: "The application does not exist any more.",
    changes.DisableApplication: "The application is disabled already.",
    changes.EnableApplication: "The application is enabled already.",
    changes.DeleteApplication: "The application does not exist any more.",
    changes.RevokeApplicationTokens: "The application does not exist any more.",
    changes.RevokeOrganizationTokens: "The organization does not exist any more.",
    changes.RenameOrganization: "Another organization has this name, or this one does not exist any more.",
    changes.DisableOrganization: "The organization is disabled already.",
    changes.EnableOrganization: "The organization is enabled already.",
    changes.DeleteOrganizationCustomers: _NOT_DISABLED,
    changes.DeleteOrganizationApplications: _NOT_DISABLED,
    changes.DeleteOrganizationEvents: _NOT_DISABLED,
    changes.DeleteOrganization: "The organization was enabled, or got something new, meanwhile. Delete it again.",
    changes.AddResource: "A resource server with this identifier or name exists already. Choose another.",
    changes.SetResource: "Another resource server has this name, or this one does not exist any more.",
    changes.DeleteResource: "The resource server does not exist any more.",
    changes.SetAccess: "The application or the resource server does not exist any more.",
    changes.SetJSONRequests: "The application does not exist any more.",
    changes.SetQueryCredentials: "The application does not exist any more.",
    changes.SetTokenFormat: "The application does not exist any more.",
    changes.AddKey: "Somebody else added a key at this moment. Look again: `tessera keys list`.",
    changes.EndKey: "Somebody else changed the key's end at this moment. Look again: `tessera keys list`.",
    changes.SetAuthenticationMethods: "The application does not exist any more.",
    changes.SetTokenBinding: "The application does not exist any more.",
    changes.SetSecurityProfile: "The application does not exist any more.",
    changes.SetAssertionAudience: "The application does not exist any more.",
    changes.SetSigningAlgorithms: "The application does not exist any more.",
    changes.RenameApplication: "Another application has this name, or this one does not exist any more.",
    changes.SetScope: "The application does not exist any more.",
    changes.SetTokenLifetime: "The application does not exist any more.",
    changes.SetRails: "Somebody else changed the application's limits at this moment. Look again.",
    changes.AddWebhook: "The organization has a webhook with this name already. Choose another.",
    changes.SetWebhook: "The webhook does not exist any more.",
    changes.RotateWebhook: "Somebody else gave the webhook another secret at this moment. Look again.",
    changes.DisableWebhook: "The webhook is disabled already.",
    changes.EnableWebhook: "The webhook is not disabled.",
    changes.DeleteWebhook: "The webhook does not exist any more.",
}
