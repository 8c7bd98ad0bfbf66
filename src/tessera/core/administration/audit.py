"""What is administrative: which changes are recorded, under what name, and what of them is told.

Every class of change is either in `DEEDS` or in `UNRECORDED`; a test holds that, so that none is forgotten. What
is told of a change is named field by field: a secret, its digest or a key cannot come into it by itself.
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


class Deed(NamedTuple):
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

DEEDS: Mapping[type[Change], Deed] = {
    changes.AddOrganization: Deed("organization.create", "name", ("retailer_id",)),
    changes.AddProperty: Deed("property.create", "api_key", ("organization", "name")),
    changes.RenameProperty: Deed("property.set", "api_key", ("name",)),
    changes.DisableProperty: Deed("property.disable", "api_key"),
    changes.EnableProperty: Deed("property.enable", "api_key"),
    changes.DeleteProperty: Deed("property.delete", "api_key"),
    changes.SetPropertyRails: Deed("property.limit", "api_key", ("rails", "was_rails")),
    changes.AddPropertySecret: Deed("property_secret.add", "api_key", ("name", "ends_at")),
    changes.EndPropertySecret: Deed("property_secret.end", "api_key", ("number", "ends_at", "was_ends_at")),
    changes.FinishPropertySecret: Deed("property_secret.finish", "api_key", ("number", "ends_at", "was_ends_at")),
    changes.AddApplication: Deed(
        "application.create",
        "client_id",
        ("name", "organization", "scope", "token_lifetime_seconds", "query_credentials"),
    ),
    changes.AddCredential: Deed("credential.add", "client_id", ("name", "kind", "ends_at")),
    changes.EndCredential: Deed("credential.end", "client_id", ("number", "ends_at", "was_ends_at")),
    changes.DisableApplication: Deed("application.disable", "client_id"),
    changes.EnableApplication: Deed("application.enable", "client_id"),
    changes.SetQueryCredentials: Deed("application.set", "client_id", ("query_credentials",)),
    changes.SetJSONRequests: Deed("application.set", "client_id", ("json_requests",)),
    changes.DeleteApplication: Deed("application.delete", "client_id"),
    changes.FinishCredential: Deed("credential.finish", "client_id", ("number", "ends_at", "was_ends_at")),
    changes.RekeyCredential: Deed("credential.rekey", "client_id", ("number",)),
    changes.SetAuthenticationMethods: Deed("application.set", "client_id", ("authentication_methods",)),
    changes.SetTokenFormat: Deed("application.set", "client_id", ("token_format",)),
    changes.SetTokenBinding: Deed("application.set", "client_id", ("token_binding",)),
    changes.SetSecurityProfile: Deed("application.set", "client_id", ("security_profile",)),
    changes.SetAssertionAudience: Deed("application.set", "client_id", ("assertion_audience",)),
    changes.SetSigningAlgorithms: Deed("application.set", "client_id", ("signing_algorithms",)),
    changes.SetTokenReuse: Deed("application.set", "client_id", ("token_reuse",)),
    changes.RenameApplication: Deed("application.set", "client_id", ("name",)),
    changes.SetScope: Deed("application.set", "client_id", ("scope",)),
    changes.SetTokenLifetime: Deed("application.set", "client_id", ("token_lifetime_seconds",)),
    changes.SetRails: Deed("application.limit", "client_id", ("rails", "was_rails")),
    changes.SetAccess: Deed("application.access", "client_id", ("resource", "scope")),
    changes.RevokeApplicationTokens: Deed("application.revoke_tokens", "client_id"),
    changes.RevokeOrganizationTokens: Deed("organization.revoke_tokens", "organization"),
    changes.RenameOrganization: Deed("organization.set", "organization", ("name",)),
    changes.DisableOrganization: Deed("organization.disable", "organization"),
    changes.EnableOrganization: Deed("organization.enable", "organization"),
    changes.DeleteOrganization: Deed("organization.delete", "organization"),
    changes.AddResource: Deed("resource.create", "identifier", ("name", "scope", "token_format", "application")),
    changes.SetResource: Deed("resource.set", "identifier", ("name", "scope", "token_format", "application")),
    changes.DeleteResource: Deed("resource.delete", "identifier"),
    changes.RevokeToken: Deed("token.revoke", "token_id", ("expires_at",), operators_only=True),
    changes.AddKey: Deed("key.add", "purpose", ("number", "signs_from")),
    changes.EndKey: Deed("key.end", "purpose", ("number", "verifies_until")),
    changes.PurgeKey: Deed("key.forget", "purpose", ("number",)),
    changes.AddWebhook: Deed("webhook.create", "name", ("organization", "url", "kinds")),
    changes.SetWebhook: Deed("webhook.set", "webhook", ("url", "kinds")),
    changes.RotateWebhook: Deed("webhook.rotate", "webhook", ("former_ends_at",)),
    changes.DisableWebhook: Deed("webhook.disable", "webhook", ("reason",)),
    changes.EnableWebhook: Deed("webhook.enable", "webhook"),
    changes.DeleteWebhook: Deed("webhook.delete", "webhook"),
    changes.RetryDeliveries: Deed("webhook.retry", "webhook"),
    changes.MergeCustomer: Deed("customer.merge", "id", of_customer=True, into="survivor_id"),
    changes.ForgetCustomer: Deed("customer.forget", "id", operators_only=True, of_customer=True),
    **{
        kind: Deed(f"program.{_slug(kind)}", "organization", tuple(each for each in kind.__struct_fields__[1:]))
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
        changes.PurgeProofs,
        changes.PurgeRefusals,
        changes.PurgeRevocations,
        changes.PurgeTags,
        changes.PurgeWarnings,
        changes.RaiseProofMark,
        changes.RaiseRevocationMark,
        changes.RecordDeed,
        changes.ReleaseIdentifier,
        changes.ReleaseLease,
        changes.ReleaseReferrerCode,
        changes.RemovePhone,
        changes.ReplaceProfile,
        changes.SetBehaviour,
        changes.SetCustomProfile,
        changes.SetIdentifiers,
        changes.SetStanding,
        changes.SetTag,
        changes.SpendProof,
        changes.TakeLease,
        changes.TellCounts,
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
        deed = DEEDS.get(type(change))
        if deed is None or (deed.operators_only and not actor.is_operator):
            continue
        target = str(getattr(change, deed.target)) if about is None else about
        if deed.of_customer:
            target = pseudonym(target)
        told = _told(change, deed) | dict(more or {})
        if deed.into is not None:
            told["into"] = pseudonym(str(getattr(change, deed.into)))
        found.append(Recorded(deed.action, target, detail(told)))
    return found


def _told(change: Change, deed: Deed) -> dict[str, object]:
    told = {}
    for field in deed.told:
        name, shown = _SHOWN.get(field, (field, None))
        value = getattr(change, field)
        told[name] = value if shown is None else shown(value)
    return told


def detail(told: Mapping[str, object]) -> str:
    """Details as an entry holds them."""
    return msgspec.json.encode(told).decode()
