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
    ClaimIdentifier,
    ReplaceProfile,
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
    AddDelivery,
    AddEvent,
    AddWebhook,
    DeleteWebhook,
    EndDelivery,
    ForgetDeliveries,
    ForgetEvents,
    MoveWebhook,
    PauseWebhook,
    PostponeDelivery,
    ResumeWebhook,
    RetryDeliveries,
    RotateWebhook,
    SetWebhook,
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
    "AddDelivery",
    "AddEntry",
    "AddEvent",
    "AddKey",
    "AddOrganization",
    "AddPointAccount",
    "AddProperty",
    "AddSecret",
    "AddTierLevel",
    "AddTierRule",
    "AddTierRuleAccount",
    "AddTierSystem",
    "AddUserEvent",
    "AddWebhook",
    "Change",
    "ClaimIdentifier",
    "CountTokens",
    "DeleteApplication",
    "DeleteWebhook",
    "DisableApplication",
    "EnableApplication",
    "EndDelivery",
    "EndSecret",
    "ForgetDeliveries",
    "ForgetEvents",
    "ForgetRevocations",
    "JoinTier",
    "LeaveTier",
    "MarkSecretUsed",
    "MoveWebhook",
    "Notice",
    "NoticeKind",
    "PauseWebhook",
    "PostponeDelivery",
    "ReleaseLease",
    "ReplaceProfile",
    "ResumeWebhook",
    "RetryDeliveries",
    "RevokeToken",
    "RotateWebhook",
    "SetQueryCredentials",
    "SetStanding",
    "SetWebhook",
    "TakeLease",
]
