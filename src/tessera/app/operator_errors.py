"""Sentences for everything that an operator may be told cannot be done, by their codes.

A code and the names of its parameters stay: a console or a script relies on them. A sentence says what happened and
names no command and no flag, which are known to whoever shows it (`cli/advice.py`).
"""

from collections.abc import Mapping, Sequence

Parameter = str | int | float | Sequence[str] | None

NEAREST = "nearest"
"""The parameter that is the known name most like the one given, or None; a sentence asks whether it was meant."""


def worded(template: str, parameters: Mapping[str, Parameter]) -> str:
    """A template with its parameters: lists have commas between, and an empty one is called none."""
    return template.format_map({name: _shown(name, value) for name, value in parameters.items()})


def _shown(name: str, value: Parameter) -> object:
    if name == NEAREST:
        return "" if value is None else f" Did you mean {value}?"
    if value is None or isinstance(value, (str, int, float)):
        return value
    return ", ".join(value) or "none"


SENTENCES: Mapping[str, str] = {
    # any
    "text_malformed": "{what} must be 1 to {limit} printable ASCII characters.",
    "url_not_allowed": "Tessera may not send anything to this URL: {reason}.",
    "fact_changed": "Nothing was changed, because it is not true that {fact}.",
    # applications
    "application_not_found": "There is no application named {name}.{nearest}",
    "application_name_or_id_taken": "An application with this name or client id already exists. Choose another.",
    "application_secrets_changed": (
        "Somebody else changed the application's secrets at the same time. Check them and try again."
    ),
    "application_gone": "The application no longer exists.",
    "application_disabled": "The application is already disabled.",
    "application_enabled": "The application is already enabled.",
    "access_ends_gone": "The application or the resource server no longer exists.",
    "application_not_renamed": "Another application has this name, or this application no longer exists.",
    "application_limits_changed": (
        "Somebody else changed the application's limits at the same time. Check them and try again."
    ),
    "client_id_is_uuid": (
        "A client id must not be a UUID: customers have such ids, and a token's `sub` would not tell a client from a"
        " customer (RFC 9700 section 4.15). Choose another, or leave it out and Tessera generates one."
    ),
    "secret_form_wrong": (
        "A client id of 64 hex characters requires a secret of 64 hex characters. Leave the secret out and Tessera"
        " generates one."
    ),
    "token_lifetime_out_of_range": "The token lifetime must be 1 to {limit} seconds.",
    "token_format_not_in_profile": "The profile fapi2 does not allow RS256. Choose eddsa, es256 or opaque.",
    "profile_not_for_token_format": "The application's tokens are signed with RS256, which the profile does not allow.",
    "signing_algorithm_none_left": (
        "That leaves no algorithm: {chosen} is chosen, the profile is {profile}, and the server takes {server}."
    ),
    # scopes
    "scope_malformed": "{problem}",
    "scope_unknown": "The platform has no scope {name}.{nearest} It has: {known}.",
    "scope_nowhere_known": "Neither the platform nor a resource server has a scope {name}.{nearest}",
    "scope_not_one": "Give one scope at a time.",
    "resource_scope_unknown": "{resource} has no scope {name}.{nearest} It has: {known}.",
    # credentials
    "credential_not_found": "The application has no {kind} named {name}.{nearest} It has: {known}.",
    "credential_of_other_kind": "{name} is a {called}, not a {kind}.",
    "credential_name_taken": "The application already has a credential with this name. Choose another.",
    "credential_end_passed": "The time at which the credential is to expire has already passed.",
    "jwk_unusable": "The key cannot be used: {reason}. Give the public key of the pair as a JWK.",
    "pem_unusable": "The key cannot be used: {reason}. Give the public key of the pair as PEM.",
    "key_algorithm_not_allowed": "The key is for {algorithms}. The application may sign with {allowed} only.",
    "key_address_unusable": "{problem}",
    "certificate_unusable": "{problem}",
    "certificate_not_in_force": "The certificate is not valid now: its validity period has not begun or is over.",
    "certificate_subject_unusable": "{problem}",
    # secrets of applications and properties
    "secret_not_found": "The {owner} has no secret named {name}.{nearest} It has: {known}.",
    "secret_ended": "The secret {name} has already ended, and a secret that has ended stays ended.",
    "secret_end_passed": "The time at which the secret is to expire has already passed.",
    "end_passed": "That time has already passed. Leave the time out to end the secret now.",
    "secret_end_changed": "Somebody else changed the expiry of the secret at the same time. Check it and try again.",
    "old_secret_changed": (
        "The old secret was used, or its expiry was changed, at the same time. Check it and try again."
    ),
    "application_without_live_secret": "{name} has no active secret to rotate.",
    "application_without_old_secret": "{name} has no old secret to end.",
    "property_without_live_secret": "{name} has no active secret to rotate.",
    "property_without_old_secret": "{name} has no old secret to end.",
    "secret_in_use": (
        "{name} was last used at {at}, from {source} (uses of the last {seconds:g} seconds may be missing). It can"
        " be ended when it has not been used for a day."
    ),
    "property_secret_in_use": (
        "{name} was last used at {at}, from {source} (uses of the last {seconds:g} seconds may be missing). It can"
        " be ended when it has not been used for a day."
    ),
    "new_secret_untried": (
        "{name} was last used at {at}, from {source}, and {newest} never: the partner may still use a token that it"
        " got with the old one. Have the partner switch to the new secret first."
    ),
    # limits
    "limit_unknown": "There is no limit {name}.{nearest} The limits are: {known}.",
    "limit_not_for_properties": "A property gets no tokens, so it can only have the limits {limits}.",
    "limit_has_no_value": "This {owner} has no limit {name} yet. Give the limit a value as well.",
    "limit_named_twice": "The limit {name} is named twice.",
    "limit_out_of_range": "The limit {name} takes 1 to {limit:,}.",
    "limit_networks_count": "Name 1 to {limit} networks, or remove the limit.",
    "network_malformed": "{problem}. Write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.",
    # digital properties
    "property_not_found": "There is no property named {name}.{nearest}",
    "property_name_ambiguous": "Several organizations have a property named {name}: {organizations}.",
    "api_key_malformed": "An API key must be 8 to 64 letters, digits, hyphens and underscores.",
    "property_secret_malformed": (
        "A property's secret must be 32 to 255 printable ASCII characters without spaces, and random: every call is"
        " compared with it. Leave it out and Tessera generates one."
    ),
    "property_name_or_key_taken": (
        "The organization has a property with this name, or another property has this API key. Choose another."
    ),
    "property_name_taken": "Another property of the organization has this name. Choose another.",
    "property_disabled": "The property is already disabled.",
    "property_enabled": "The property is already enabled.",
    "property_gone": "The property no longer exists.",
    "property_limits_changed": (
        "Somebody else changed the property's limits at the same time. Check them and try again."
    ),
    "property_secret_name_taken": "The property already has a secret with this name. Choose another.",
    "property_secrets_changed": (
        "Somebody else changed the property's secrets at the same time. Check them and try again."
    ),
    # organizations
    "organization_not_found": "There is no organization named {name}.{nearest} The organizations are: {known}.",
    "organization_none_yet": "There is no organization yet.",
    "organization_not_named": "Name the organization. The organizations are: {known}.",
    "organization_named_differently": "The file names another organization. Leave one of them out.",
    "confirmation_differs": (
        "Nothing was deleted: the name given to confirm the deletion is not the name of the organization."
    ),
    "organization_name_taken": "An organization with this name already exists. Choose another.",
    "organization_gone": "The organization no longer exists.",
    "organization_not_renamed": "Another organization has this name, or this organization no longer exists.",
    "organization_disabled": "The organization is already disabled.",
    "organization_enabled": "The organization is already enabled.",
    "organization_changed": (
        "Somebody else enabled or deleted the organization meanwhile. The data deleted so far stays deleted."
    ),
    "organization_not_empty": (
        "Somebody else enabled the organization, or added something to it, meanwhile. Delete it again."
    ),
    # resource servers
    "resource_not_found": "There is no resource server {name}.{nearest}",
    "identifier_malformed": (
        "The identifier must be an absolute URI without a fragment, of at most {limit} characters, for example"
        " https://stock.example/api."
    ),
    "identifier_is_own": "That is the URL of this service, which already identifies the platform.",
    "resource_name_taken": "A resource server with this identifier or name already exists. Choose another.",
    "resource_not_changed": "Another resource server has this name, or this resource server no longer exists.",
    "resource_gone": "The resource server no longer exists.",
    # keys
    "key_not_found": "There is no key named {name}.{nearest}",
    "key_signs": "{name} is the key that signs now. Rotate to another key first.",
    "key_ended": "{name} has already ended.",
    "key_numbers_taken": "All numbers of sealing keys are in use. Wait until an older key has expired, or retire one.",
    "keys_added": "Somebody else added a key at the same time.",
    "key_end_changed": "Somebody else changed the expiry of the key at the same time.",
    # webhooks and events
    "webhook_not_found": "{organization} has no webhook named {name}.{nearest} It has: {known}.",
    "webhook_url_malformed": "{problem}",
    "webhook_kinds_empty": "Name the events: {everything}, or some of {known}.",
    "webhook_change_empty": "Say what to change: the URL, the events or both.",
    "webhook_name_taken": "The organization already has a webhook with this name. Choose another.",
    "webhook_gone": "The webhook no longer exists.",
    "webhook_secret_changed": "Somebody else rotated the webhook's secret at the same time. Check it and try again.",
    "webhook_disabled": "The webhook is already disabled.",
    "webhook_not_disabled": "The webhook is not disabled.",
    "event_kind_unknown": "There is no kind of event {name}.{nearest} The kinds are: {known}.",
    "event_not_found": "There is no event {id}. It may have been deleted after its retention time.",
    "event_not_asked_for": "{webhook} is not subscribed to {kind}.",
    "event_not_told_yet": "This event has not been sent to {webhook} yet. It is waiting and will be sent anyway.",
    # customers and their files
    "customer_not_found": "There is no such customer in this organization: name an id, an external id or an email.",
    "customer_gone": "The customer no longer exists.",
    "cursor_malformed": "The cursor must come from this list.",
    "import_interrupted": (
        "The database became unavailable ({reason}) after {customers} customers were imported, which are kept."
        " Correct that and import the same file again."
    ),
    "column_mapping_malformed": "{mapping} is not of the form COLUMN=member. The members are: {members}.",
    "columns_unusable": (
        "The first line must name the columns, external_id, identifiers or email among them, and each once:"
        " {problems}. The members are: {members}."
    ),
    "separator_unusable": (
        "{separator} cannot separate columns. Use {known}, or one other character that is not a letter, digit, blank"
        " or quotation mark."
    ),
    "separator_without_columns": "A separator is only for CSV: JSON lines have no columns. Leave it out.",
    "header_not_in_encoding": "The file is not in {encoding}: its first line cannot be read.",
    "header_not_csv": "The first line is not CSV ({reason}). It must name the columns.",
    "encoding_unknown": "There is no encoding {name}.{nearest} Choose one of: {known}.",
    "encoding_differs": "The file is in {encoding}.",
    "file_not_in_encoding": "The file is not in {encoding}: it does not begin like a file in that encoding.",
    "line_ends_unusable": (
        "The lines of the file end in a carriage return alone, as on old Macs. Save it with the line endings of Unix"
        " or Windows."
    ),
    "seed_taken": "Some customers of this seed already exist. Choose another.",
    # declarations of programs
    "retailer_id_differs": "The retailer_id in the file is not that of {name}. Leave it out of the file.",
    "retailer_id_malformed": "The retailer_id of a new organization must be a UUID.",
    "program_file_too_large": "The file is larger than {limit_kib} KiB.",
    "program_file_not_utf8": "Line {line}: the file is not UTF-8.",
    "program_file_unfit": "{problem}",
    "program_file_not_json": "Line {line}: the file is not JSON, although it begins like JSON.",
    "program_file_json_unusable": "The file is nested too deeply, or contains a lone surrogate.",
    "program_file_key_twice_in_object": "An object in the file has the same key twice.",
    "program_file_long_number": "A number in the file has more than {limit} digits.",
    "program_file_not_yaml": "Line {line}: the file is not YAML ({problem}).",
    "program_file_not_yaml_character": "Line {line}: a character that YAML does not allow.",
    "program_file_second_document": "Line {line}: a second document begins. A file declares one program.",
    "program_file_anchor": "Line {line}: anchors and aliases are not allowed. Write the value out.",
    "program_file_tag": "Line {line}: tags are not allowed.",
    "program_file_too_many_values": "Line {line}: the file has more than {limit} values.",
    "program_file_too_deep": "Line {line}: the file is nested too deeply.",
    "program_file_key_not_text": "Line {line}: a key is not a string.",
    "program_file_key_twice": "Line {line}: the key occurs twice.",
    "program_file_half_character": "Line {line}: a lone surrogate, which is not a character.",
    "program_file_long_number_at": "Line {line}: a number of more than {limit} digits.",
    # audit, explanations and backups
    "audit_head_incomplete": (
        "Give the hash and the number of an entry together, as an earlier verification reported them."
    ),
    "request_id_malformed": "A request id is the 32 hex characters of the header X-Request-Id.",
    "refusal_not_kept": (
        "There is no refusal record of this request. Refusal records are kept for {days} days, the newest 100,000 of"
        " them. A new record is available after {seconds} seconds. When very many requests are refused at once, some"
        " are not kept. The log has the request id too."
    ),
    "master_key_does_not_open": (
        "The master key here does not open {database}: a backup could not be restored with it. Put the right key in"
        " its place."
    ),
    "backup_key_differs": (
        "This backup needs the master key with the fingerprint {needed}, and the one here has the fingerprint"
        " {fingerprint}. Put the right one in its place."
    ),
    "backup_not_opened": (
        "This backup needs the master key of the servers that it was taken from, and the one here has the"
        " fingerprint {fingerprint}. Put the right one in its place."
    ),
}
