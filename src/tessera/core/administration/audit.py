"""What is administrative: which changes are recorded, under what name, and what of them is told.

Every class of change is either in `AUDITED_CHANGES` or in `UNRECORDED`; a test holds that, so that none is forgotten.
The recorded fields of a change are listed by name, so no secret, digest or key gets into an entry unlisted.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.clients import signing_methods
from tessera.core.clients.applications import CredentialKind, JSONRequests, QueryCredentials, TokenBinding, TokenFormat
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms

_OPERATOR = "operator "

CUSTOMER = "customer "
"""How the target begins that stands for a customer; a pseudonym follows."""


class Actor(NamedTuple):
    """Who acts: `server`, `operator NAME`, `client ID` or `property KEY`; and from where, when that is known."""

    name: str
    source: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether an operator acts, by a command."""
        return self.name.startswith(_OPERATOR)


SERVER = Actor("server")
"""A process that acts by itself."""

REFUSED = "client.refused"
"""The action of entries that a purge deletes when their time is over."""


def operator(name: str, source: str | None) -> Actor:
    """An operator, under the name by which the machine knows him."""
    return Actor(_OPERATOR + name, source)


class AuditedChange(NamedTuple):
    """How a change is recorded: its name, the field that names its target, and the fields that are told.

    One of `operators_only` is recorded when an operator does it: by the API it is daily business of many. Where the
    target is `of_customer`, its pseudonym is recorded: an entry is never changed, so no id may stand in it. Likewise
    `into` names the field of a customer to whom everything went.
    """

    action: str
    target: str
    told: tuple[str, ...] = ()
    operators_only: bool = False
    of_customer: bool = False
    into: str | None = None


class Recorded(NamedTuple):
    """What an entry says of one change; `detail` is a JSON object."""

    action: str
    target: str
    detail: str


def _slug(kind: type[Change]) -> str:
    """`SetPointAccount` as `set_point_account`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)[1:]


_PROGRAM: tuple[type[Change], ...] = (
    changes.RaiseProgramVersion,
    changes.AddPointAccount,
    changes.SetPointAccount,
    changes.AddPointSource,
    changes.SetPointSource,
    changes.AddTierSystem,
    changes.SetTierSystem,
    changes.AddTierLevel,
    changes.ParkTierLevels,
    changes.SetTierLevel,
    changes.RetireTierLevel,
    changes.AddTierRule,
    changes.SetTierRule,
    changes.RemoveTierRule,
    changes.AddTierRuleAccount,
    changes.RemoveTierRuleAccount,
    changes.AddEventRule,
    changes.SetEventRule,
    changes.AddEventAward,
    changes.RemoveEventAward,
    changes.AddPurchaseRule,
    changes.SetPurchaseRule,
)
"""Changes of a program hold nothing but what was declared: all their fields are told."""

AUDITED_CHANGES: Mapping[type[Change], AuditedChange] = {
    changes.AddOrganization: AuditedChange("organization.create", "name", ("retailer_id",)),
    changes.AddProperty: AuditedChange("property.create", "api_key", ("organization", "name")),
    changes.RenameProperty: AuditedChange("property.set", "api_key", ("name",)),
    changes.DisableProperty: AuditedChange("property.disable", "api_key"),
    changes.EnableProperty: AuditedChange("property.enable", "api_key"),
    changes.DeleteProperty: AuditedChange("property.delete", "api_key"),
    changes.SetPropertyLimits: AuditedChange("property.limit", "api_key", ("limits", "previous_limits")),
    changes.AddPropertySecret: AuditedChange("property_secret.add", "api_key", ("name", "ends_at")),
    changes.EndPropertySecret: AuditedChange("property_secret.end", "api_key", ("number", "ends_at", "was_ends_at")),
    changes.FinishPropertySecret: AuditedChange(
        "property_secret.finish", "api_key", ("number", "ends_at", "was_ends_at")
    ),
    changes.AddApplication: AuditedChange(
        "application.create",
        "client_id",
        ("name", "organization", "scope", "token_lifetime_seconds", "query_credentials"),
    ),
    changes.AddCredential: AuditedChange("credential.add", "client_id", ("name", "kind", "ends_at")),
    changes.EndCredential: AuditedChange("credential.end", "client_id", ("number", "ends_at", "was_ends_at")),
    changes.DisableApplication: AuditedChange("application.disable", "client_id"),
    changes.EnableApplication: AuditedChange("application.enable", "client_id"),
    changes.SetQueryCredentials: AuditedChange("application.set", "client_id", ("query_credentials",)),
    changes.SetJSONRequests: AuditedChange("application.set", "client_id", ("json_requests",)),
    changes.DeleteApplication: AuditedChange("application.delete", "client_id"),
    changes.FinishCredential: AuditedChange("credential.finish", "client_id", ("number", "ends_at", "was_ends_at")),
    changes.RekeyCredential: AuditedChange("credential.rekey", "client_id", ("number",)),
    changes.SetAuthenticationMethods: AuditedChange("application.set", "client_id", ("authentication_methods",)),
    changes.SetTokenFormat: AuditedChange("application.set", "client_id", ("token_format",)),
    changes.SetTokenBinding: AuditedChange("application.set", "client_id", ("token_binding",)),
    changes.SetSecurityProfile: AuditedChange("application.set", "client_id", ("security_profile",)),
    changes.SetAssertionAudience: AuditedChange("application.set", "client_id", ("assertion_audience",)),
    changes.SetSigningAlgorithms: AuditedChange("application.set", "client_id", ("signing_algorithms",)),
    changes.SetTokenReuse: AuditedChange("application.set", "client_id", ("token_reuse",)),
    changes.RenameApplication: AuditedChange("application.set", "client_id", ("name",)),
    changes.SetScope: AuditedChange("application.set", "client_id", ("scope",)),
    changes.SetTokenLifetime: AuditedChange("application.set", "client_id", ("token_lifetime_seconds",)),
    changes.SetLimits: AuditedChange("application.limit", "client_id", ("limits", "previous_limits")),
    changes.SetAccess: AuditedChange("application.access", "client_id", ("resource", "scope")),
    changes.RevokeApplicationTokens: AuditedChange("application.revoke_tokens", "client_id"),
    changes.RevokeOrganizationTokens: AuditedChange("organization.revoke_tokens", "organization"),
    changes.RenameOrganization: AuditedChange("organization.set", "organization", ("name",)),
    changes.DisableOrganization: AuditedChange("organization.disable", "organization"),
    changes.EnableOrganization: AuditedChange("organization.enable", "organization"),
    changes.DeleteOrganization: AuditedChange("organization.delete", "organization"),
    changes.AddResource: AuditedChange(
        "resource.create", "identifier", ("name", "scope", "token_format", "application")
    ),
    changes.SetResource: AuditedChange("resource.set", "identifier", ("name", "scope", "token_format", "application")),
    changes.DeleteResource: AuditedChange("resource.delete", "identifier"),
    changes.RevokeToken: AuditedChange("token.revoke", "token_id", ("expires_at",), operators_only=True),
    changes.AddKey: AuditedChange("key.add", "purpose", ("number", "signs_from")),
    changes.EndKey: AuditedChange("key.end", "purpose", ("number", "verifies_until")),
    changes.PurgeKey: AuditedChange("key.forget", "purpose", ("number",)),
    changes.AddWebhook: AuditedChange("webhook.create", "name", ("organization", "url", "kinds")),
    changes.SetWebhook: AuditedChange("webhook.set", "webhook", ("url", "kinds")),
    changes.RotateWebhook: AuditedChange("webhook.rotate", "webhook", ("former_ends_at",)),
    changes.DisableWebhook: AuditedChange("webhook.disable", "webhook", ("reason",)),
    changes.EnableWebhook: AuditedChange("webhook.enable", "webhook"),
    changes.DeleteWebhook: AuditedChange("webhook.delete", "webhook"),
    changes.RetryDeliveries: AuditedChange("webhook.retry", "webhook"),
    changes.MergeCustomer: AuditedChange("customer.merge", "id", of_customer=True, into="survivor_id"),
    changes.EraseCustomer: AuditedChange("customer.erase", "id", operators_only=True, of_customer=True),
    **{
        kind: AuditedChange(
            f"program.{_slug(kind)}", "organization", tuple(each for each in kind.__struct_fields__[1:])
        )
        for kind in _PROGRAM
    },
}

UNRECORDED: frozenset[type[Change]] = frozenset(
    {
        changes.AddCustomer,
        changes.AddDelivery,
        changes.AddEntry,
        changes.AddEvent,
        changes.AddPhone,
        changes.AddPurchase,
        changes.AddPurchaseAward,
        changes.AddUserEvent,
        changes.AddWarning,
        changes.ClaimIdentifier,
        changes.ClaimReferrerCode,
        changes.CountHour,
        changes.CountTokens,
        changes.DeleteOrganizationApplications,
        changes.DeleteOrganizationCustomers,
        changes.DeleteOrganizationEvents,
        changes.EndDelivery,
        changes.JoinTier,
        changes.KeepCredential,
        changes.KeepPropertySecret,
        changes.KeepRefusal,
        changes.LeaveTier,
        changes.MarkCredentialUsed,
        changes.MarkPropertySecretUsed,
        changes.MoveWebhook,
        changes.NoteTime,
        changes.PostponeDelivery,
        changes.PurgeAuditEntries,
        changes.PurgeCounts,
        changes.PurgeDeliveries,
        changes.PurgeEvents,
        changes.PurgeHours,
        changes.PurgeNotices,
        changes.PurgeConsumedProofs,
        changes.PurgeRefusals,
        changes.PurgeRevocations,
        changes.PurgeTags,
        changes.PurgeWarnings,
        changes.RaiseProofMark,
        changes.RaiseRevocationMark,
        changes.RecordAuditEntry,
        changes.ReleaseIdentifier,
        changes.ReleaseLease,
        changes.ReleaseReferrerCode,
        changes.RemovePhone,
        changes.ReplaceProfile,
        changes.SetActivityCounter,
        changes.SetCustomProfile,
        changes.SetIdentifiers,
        changes.SetStanding,
        changes.SetTag,
        changes.ConsumeProof,
        changes.TakeLease,
        changes.PublishCounts,
    }
)
"""What is not administrative: customers' own doings, counts, deliveries, leases, and the upkeep.

The batches in which an organization goes are told by one entry before them and one after (`app/organizations/removal`).
"""


def _host(url: str) -> str:
    """Of an address only the host: the rest may hold what opens it."""
    return urlsplit(url).hostname or ""


_SHOWN: Mapping[str, tuple[str, Callable[..., object]]] = {
    "kind": ("kind", lambda kind: CredentialKind(kind).name.lower()),
    "query_credentials": ("query_credentials", lambda policy: QueryCredentials(policy).name.lower()),
    "json_requests": ("json_requests", lambda policy: JSONRequests(policy).name.lower()),
    "security_profile": ("security_profile", lambda profile: Profile(profile).name.lower()),
    "assertion_audience": ("assertion_audience", lambda audience: AssertionAudience(audience).name.lower()),
    "signing_algorithms": ("signing_algorithms", lambda flags: signing_methods.shown(SigningAlgorithms(flags))),
    "token_binding": ("token_binding", lambda binding: TokenBinding(binding).name.lower()),
    "token_format": ("token_format", lambda form: None if form is None else TokenFormat(form).name.lower()),
    "url": ("host", _host),
}
"""Fields that are told under another name or in other words."""


def recorded(
    committed: Iterable[Change],
    actor: Actor,
    pseudonym: Callable[[str], str],
    about: str | None = None,
    more: Mapping[str, object] | None = None,
) -> list[Recorded]:
    """What is to be recorded of these changes, in their order.

    `pseudonym` makes the target that stands for a customer. `about` names the target where a change only has its
    number; `more` is told beside what the changes hold.
    """
    found = []
    for change in committed:
        operation = AUDITED_CHANGES.get(type(change))
        if operation is None or (operation.operators_only and not actor.is_operator):
            continue
        target = str(getattr(change, operation.target)) if about is None else about
        if operation.of_customer:
            target = pseudonym(target)
        told = _told(change, operation) | dict(more or {})
        if operation.into is not None:
            told["into"] = pseudonym(str(getattr(change, operation.into)))
        found.append(Recorded(operation.action, target, detail(told)))
    return found


def _told(change: Change, operation: AuditedChange) -> dict[str, object]:
    told = {}
    for field in operation.told:
        name, shown = _SHOWN.get(field, (field, None))
        value = getattr(change, field)
        told[name] = value if shown is None else shown(value)
    return told


def detail(told: Mapping[str, object]) -> str:
    """Details as an entry holds them."""
    return msgspec.json.encode(told).decode()
