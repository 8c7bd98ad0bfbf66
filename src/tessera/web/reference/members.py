"""Members by name: the sentence, the format, and whether it is deprecated, where the struct says nothing of its own.

A name means the same wherever it stands, so it is described once. Where it means something else, `Type.name` says so,
with the type's name in the document. What the struct says of a member itself (`Meta`) comes first.
"""

from tessera.web.reference.dialect import ALSO, Schema, parts
from tessera.web.reference.texts import SENTENCES

SENT_FORMATS = {
    "dob": "date",
    "email": "email",
    "resource": "uri",
}
"""The formats of what is sent. Ids of ours have theirs from their type (`core/text.Id`)."""

ANSWERED_FORMATS = {
    "Customer.id": "uuid",
    "ListedCustomer.id": "uuid",
    "ListedCustomer.user_id": "uuid",
    "UserEvent.user_id": "",
    "AuditLogEntry.point_source_id": "",
    "authorization_servers": "uri",
    "dob": "date",
    "email": "idn-email",
    "ends_at": "date-time",
    "create_date": "date-time",
    "entry_id": "uuid",
    "expires_at": "date-time",
    "SentTag.expires_at": "",
    "Tag.expires_at": "",
    "TokenPerCall.hour": "date-time",
    "introspection_endpoint": "uri",
    "issuer": "uri",
    "join_date": "date-time",
    "jwks_uri": "uri",
    "last_used_at": "date-time",
    "next_maintenance_eval_date": "date-time",
    "occurred_at": "date-time",
    "point_account_id": "uuid",
    "point_source_id": "uuid",
    "protected_resources": "uri",
    "ProtectedResource.resource": "uri",
    "resource_documentation": "uri",
    "retailer_id": "uuid",
    "revocation_endpoint": "uri",
    "service_documentation": "uri",
    "tier_level_id": "uuid",
    "tier_system_id": "uuid",
    "time_of_occurrence": "date-time",
    "UserEvent.customer_id": "uuid",
    "token_endpoint": "uri",
    "user_id": "uuid",
}
"""The formats of what is answered, where every value has it: a generated client refuses one that has not.

An email address is `idn-email`, which generators take for any text: some would refuse a whole customer for an address
that they find odd.
"""

CONSTANTS = {"ok": "Always `ok`: the request was carried out.", "error": "Always `error`: the request was refused."}
"""The sentences of what has one value, by that."""

DEPRECATED = {"ListedCustomer.user_id", "BalancesRequest.culture", "TierStatusRequest.culture"}
"""Second names of something, and what is without effect."""


def describe(type_name: str, schema: Schema, *, sent: bool) -> None:
    """Give each member of a type what it lacks: its sentence, its format, and its mark when it is deprecated."""
    formats = SENT_FORMATS if sent else ANSWERED_FORMATS
    for name, member in [each for part in parts(schema) for each in _members(part)]:
        place = f"{type_name}.{name}"
        constant = CONSTANTS.get("|".join(map(str, member.get("enum", ()))))
        sentence = member.get("description") or SENTENCES.get(place) or SENTENCES.get(name) or constant
        if sentence:
            member["description"] = sentence[:1].upper() + sentence[1:]
        _format(member, formats.get(place, formats.get(name, "")))
        if place in DEPRECATED:
            member["deprecated"] = True
        if ALSO in member:
            words = " and ".join(f"`{each}`" for each in member[ALSO])
            member["description"] = f"{member.get('description', '')} The texts {words} are taken as well.".strip()


def _members(part: Schema) -> list[tuple[str, Schema]]:
    """The members of an object; `properties` may be the name of a member as well."""
    found = part.get("properties")
    return list(found.items()) if isinstance(found, dict) and isinstance(part.get("type"), str | list) else []


def _format(member: Schema, text_format: str) -> None:
    """The format of a text, or of each text of a list."""
    kind = member.get("type")
    if kind == "array":
        _format(member["items"], text_format)
    elif text_format and "string" in (kind if isinstance(kind, list) else [kind]):
        member.setdefault("format", text_format)
