"""Writes as values: everything that can happen to the database, one class each.

A transaction is a tuple of these. A change restates the fact it relied on (`was_...`, or that its key is free); the
store refuses the whole tuple with `Conflict` when a fact no longer holds. Each carries its own key, so committing
the same changes again after an unknown outcome never takes effect twice. The one exception is `CountTokens`,
which adds up: counts of an unknown outcome are let go.

`notice` is what other nodes must hear, for changes to what they keep in memory. Times are microseconds since the
epoch, amounts are in units.
"""

from tessera.core.changes.change import (
    Change,
    Notice,
    NoticeKind,
)
from tessera.core.changes.customers import (
    AddCustomer,
    AddPhone,
    ClaimIdentifier,
    DropExpiredTags,
    ForgetCustomer,
    RemovePhone,
    ReplaceProfile,
    SetBehaviour,
    SetCustomProfile,
    SetIdentifiers,
    SetTag,
)
from tessera.core.changes.identity import (
    AddApplication,
    AddKey,
    AddOrganization,
    AddProperty,
    AddSecret,
    CountTokens,
    DeleteApplication,
    DisableApplication,
    EnableApplication,
    EndSecret,
    MarkSecretUsed,
    RevokeToken,
    SetQueryCredentials,
)
from tessera.core.changes.ledger import (
    AddEntry,
    AddUserEvent,
    JoinTier,
    LeaveTier,
    SetStanding,
)
from tessera.core.changes.outbox import (
    AddEvent,
    RedactEvent,
)
from tessera.core.changes.program import (
    AddPointAccount,
    AddTierLevel,
    AddTierRule,
    AddTierRuleAccount,
    AddTierSystem,
)
from tessera.core.changes.upkeep import (
    ForgetRevocations,
    ReleaseLease,
    TakeLease,
)

__all__ = [
    "AddApplication",
    "AddCustomer",
    "AddEntry",
    "AddEvent",
    "AddKey",
    "AddOrganization",
    "AddPhone",
    "AddPointAccount",
    "AddProperty",
    "AddSecret",
    "AddTierLevel",
    "AddTierRule",
    "AddTierRuleAccount",
    "AddTierSystem",
    "AddUserEvent",
    "Change",
    "ClaimIdentifier",
    "CountTokens",
    "DeleteApplication",
    "DisableApplication",
    "DropExpiredTags",
    "EnableApplication",
    "EndSecret",
    "ForgetCustomer",
    "ForgetRevocations",
    "JoinTier",
    "LeaveTier",
    "MarkSecretUsed",
    "Notice",
    "NoticeKind",
    "RedactEvent",
    "ReleaseLease",
    "RemovePhone",
    "ReplaceProfile",
    "RevokeToken",
    "SetBehaviour",
    "SetCustomProfile",
    "SetIdentifiers",
    "SetQueryCredentials",
    "SetStanding",
    "SetTag",
    "TakeLease",
]
