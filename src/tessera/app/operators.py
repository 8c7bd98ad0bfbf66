"""Rules that all operations of an operator share: refusals, names, and the commit."""

from collections.abc import Mapping

from tessera.app.context import Context
from tessera.app.operator_errors import SENTENCES, Parameter, worded
from tessera.core import changes, wire
from tessera.core.changes import Change
from tessera.core.clients.applications import IMPORTED_LENGTH_MAX
from tessera.ports import Conflict, NotAllowed


class OperatorError(Exception):
    """What an operator asked for cannot be done.

    The `code` is one of `operator_errors.SENTENCES` and stays; the parameters are those of its sentence, and the text
    is the sentence. What to do about it is worded by whoever shows it, with the same parameters.
    """

    def __init__(self, code: str, **parameters: Parameter) -> None:
        super().__init__(worded(SENTENCES[code], parameters))
        self.code = code
        self.parameters: Mapping[str, Parameter] = parameters


def check_text(what: str, text: str) -> None:
    """Raises OperatorError unless the text is printable ASCII of a length that a name, id or secret may have."""
    if not text or not wire.printable(text, IMPORTED_LENGTH_MAX):
        raise OperatorError("text_malformed", what=what, limit=IMPORTED_LENGTH_MAX)


async def check_reachable(context: Context, url: str) -> None:
    """Raises OperatorError when this URL leads to where nothing may be sent. A name that nobody knows yet passes."""
    try:
        await context.outbound.check(url)
    except NotAllowed as reason:
        raise OperatorError("url_not_allowed", reason=str(reason)) from None


async def commit(
    context: Context, *wanted: Change, about: str | None = None, more: Mapping[str, object] | None = None
) -> None:
    """Commit what an operator asked for. Raises OperatorError when a fact it relied on does not hold.

    `about` and `more` are for the audit (`Context.commit`).
    """
    try:
        await context.commit(*wanted, about=about, more=more)
    except Conflict as conflict:
        code = CODES.get(type(conflict.change))
        raise (OperatorError("fact_changed", fact=conflict.fact) if code is None else OperatorError(code)) from None


CODES: dict[type[Change], str] = {
    changes.AddOrganization: "organization_name_taken",
    changes.AddProperty: "property_name_or_key_taken",
    changes.RenameProperty: "property_name_taken",
    changes.DisableProperty: "property_disabled",
    changes.EnableProperty: "property_enabled",
    changes.DeleteProperty: "property_gone",
    changes.SetPropertyLimits: "property_limits_changed",
    changes.AddPropertySecret: "property_secret_name_taken",
    changes.EndPropertySecret: "secret_end_changed",
    changes.KeepPropertySecret: "property_secrets_changed",
    changes.FinishPropertySecret: "old_secret_changed",
    changes.AddApplication: "application_name_or_id_taken",
    changes.AddCredential: "credential_name_taken",
    changes.EndCredential: "secret_end_changed",
    changes.KeepCredential: "application_secrets_changed",
    changes.FinishCredential: "old_secret_changed",
    changes.SetTokenReuse: "application_gone",
    changes.DisableApplication: "application_disabled",
    changes.EnableApplication: "application_enabled",
    changes.DeleteApplication: "application_gone",
    changes.RevokeApplicationTokens: "application_gone",
    changes.RevokeOrganizationTokens: "organization_gone",
    changes.RenameOrganization: "organization_not_renamed",
    changes.DisableOrganization: "organization_disabled",
    changes.EnableOrganization: "organization_enabled",
    changes.DeleteOrganizationCustomers: "organization_changed",
    changes.DeleteOrganizationApplications: "organization_changed",
    changes.DeleteOrganizationEvents: "organization_changed",
    changes.DeleteOrganization: "organization_not_empty",
    changes.AddResource: "resource_name_taken",
    changes.SetResource: "resource_not_changed",
    changes.DeleteResource: "resource_gone",
    changes.SetAccess: "access_ends_gone",
    changes.SetJSONRequests: "application_gone",
    changes.SetQueryCredentials: "application_gone",
    changes.SetTokenFormat: "application_gone",
    changes.AddKey: "keys_added",
    changes.EndKey: "key_end_changed",
    changes.SetAuthenticationMethods: "application_gone",
    changes.SetTokenBinding: "application_gone",
    changes.SetSecurityProfile: "application_gone",
    changes.SetAssertionAudience: "application_gone",
    changes.SetSigningAlgorithms: "application_gone",
    changes.RenameApplication: "application_not_renamed",
    changes.SetScope: "application_gone",
    changes.SetTokenLifetime: "application_gone",
    changes.SetLimits: "application_limits_changed",
    changes.AddWebhook: "webhook_name_taken",
    changes.SetWebhook: "webhook_gone",
    changes.RotateWebhook: "webhook_secret_changed",
    changes.DisableWebhook: "webhook_disabled",
    changes.EnableWebhook: "webhook_not_disabled",
    changes.DeleteWebhook: "webhook_gone",
}
"""The code of the error when the fact that a change relied on does not hold."""
