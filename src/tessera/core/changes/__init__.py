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
    AddEvent,
)
from tessera.core.changes.program import (
    AddEventAward,
    AddEventRule,
    AddPointAccount,
    AddPointSource,
    AddTierLevel,
    AddTierRule,
    AddTierRuleAccount,
    AddTierSystem,
    ParkTierLevels,
    RaiseProgramVersion,
    RemoveEventAward,
    RemoveTierRule,
    RemoveTierRuleAccount,
    RetireTierLevel,
    SetEventRule,
    SetPointAccount,
    SetPointSource,
    SetTierLevel,
    SetTierRule,
    SetTierSystem,
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
    "AddEventAward",
    "AddEventRule",
    "AddKey",
    "AddOrganization",
    "AddPointAccount",
    "AddPointSource",
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
    "EnableApplication",
    "EndSecret",
    "ForgetRevocations",
    "JoinTier",
    "LeaveTier",
    "MarkSecretUsed",
    "Notice",
    "NoticeKind",
    "ParkTierLevels",
    "RaiseProgramVersion",
    "ReleaseLease",
    "RemoveEventAward",
    "RemoveTierRule",
    "RemoveTierRuleAccount",
    "ReplaceProfile",
    "RetireTierLevel",
    "RevokeToken",
    "SetEventRule",
    "SetPointAccount",
    "SetPointSource",
    "SetQueryCredentials",
    "SetStanding",
    "SetTierLevel",
    "SetTierRule",
    "SetTierSystem",
    "TakeLease",
]
