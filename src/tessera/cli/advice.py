"""How the command line words what an operator cannot do: the sentence of the error, and what to type about it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tessera.app.operators import OperatorError


class Worded(Protocol):
    """A finding or a warning: a text, and the code and parameters of what there is to type about it."""

    @property
    def text(self) -> str:
        """The finding as a sentence, without a command."""

    @property
    def code(self) -> str:
        """The code of the advice; empty where there is none."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The values that the advice names."""


class CommandError(Exception):
    """A command cannot be carried out, for a reason that the command line words itself."""


def told(error: "OperatorError") -> str:
    """What somebody at the command line reads of this error."""
    from tessera.app.operator_errors import worded

    if error.code in INSTEAD:
        return worded(INSTEAD[error.code], error.parameters)
    advice = ADVICE.get(error.code)
    return str(error) if advice is None else f"{error} {worded(advice, error.parameters)}"


def advised(found: Worded) -> str:
    """Append what to type to the text of a finding or a warning."""
    advice = ON_FINDINGS.get(found.code)
    return found.text if advice is None else f"{found.text} {advice.format_map(found.parameters)}"


ADVICE: Mapping[str, str] = {
    "application_not_found": "See `tessera apps list`.",
    "application_without_live_secret": 'Add one: `tessera apps secrets add "{name}"`.',
    "application_without_old_secret": 'Add a new one: `tessera apps rotate "{name}"`.',
    "columns_unusable": (
        "--map COLUMN=member names the member for another column, --ignore-columns COLUMN leaves a column out."
    ),
    "credential_of_other_kind": "End it with `tessera apps {called}s expire`.",
    "encoding_differs": "Leave --encoding out, or use --encoding {encoding}.",
    "event_not_asked_for": "Subscribe it with `tessera webhooks set` first.",
    "header_not_in_encoding": "Name its encoding with --encoding.",
    "key_end_changed": "Check the keys with `tessera keys list`.",
    "key_not_found": "See `tessera keys list`.",
    "keys_added": "Check the keys with `tessera keys list`.",
    "limit_named_twice": "Give only one of --report-only, --enforce and --none for it.",
    "organization_none_yet": "Create one: `tessera orgs create NAME`.",
    "profile_not_for_token_format": "Set --token-format.",
    "property_not_found": "See `tessera properties list`.",
    "property_without_live_secret": "Add one: `tessera properties secrets add {id}`.",
    "property_without_old_secret": "Add a new one: `tessera properties secrets rotate {id}`.",
    "resource_not_found": "See `tessera resources list`.",
}
"""The command to type, after the sentence of an error."""

INSTEAD: Mapping[str, str] = {
    "audit_head_incomplete": "Give --head and --number together, as an earlier verification printed them.",
    "column_mapping_malformed": "--map {mapping} is not of the form COLUMN=member. The members are: {members}.",
    "cursor_malformed": "--after must be a cursor that this list printed.",
    "key_numbers_taken": (
        "All numbers of sealing keys are in use. Wait until an older key has expired, or retire one: `tessera keys"
        " list`."
    ),
    "key_signs": (
        "{name} is the key that signs now. Rotate to another key first: `tessera keys rotate --purpose {purpose}`,"
        " with --at-once if this key has leaked."
    ),
    "limit_networks_count": "Name 1 to {limit} networks, or remove the limit with --none networks.",
    "new_secret_untried": (
        "{name} was last used at {at}, from {source}, and {newest} never: the partner may still use a token that it"
        " got with the old one. Have the partner switch to the new secret first; --force ends the old one now."
    ),
    "organization_named_differently": "The file names another organization than --org does. Leave one of them out.",
    "organization_not_named": "Name the organization with --org. The organizations are: {known}.",
    "property_name_ambiguous": (
        "Several organizations have a property named {name}. Name one with --org: {organizations}."
    ),
    "property_secret_in_use": (
        "{name} was last used at {at}, from {source} (uses of the last {seconds:g} seconds may be missing). It can"
        " be ended when it has not been used for a day; --force ends it now, and callers that still use it are"
        " refused."
    ),
    "secret_in_use": (
        "{name} was last used at {at}, from {source} (uses of the last {seconds:g} seconds may be missing). It can"
        " be ended when it has not been used for a day; --force ends it now, and clients that still use it get no"
        " token."
    ),
    "seed_taken": "Some customers of this seed already exist. Choose another with --seed.",
    "separator_unusable": (
        "--separator {separator} cannot separate columns. Use {known}, or one other character that is not a letter,"
        " digit, blank or quotation mark."
    ),
    "separator_without_columns": "--separator is only for CSV: JSON lines have no columns. Leave it out.",
    "webhook_change_empty": "Say what to change: --url, --events or both.",
    "webhook_kinds_empty": "Name the events with --events: {everything}, or some of {known}.",
}
"""The whole text in place of the sentence, where a flag is what it is about."""

ON_FINDINGS: Mapping[str, str] = {
    "audit_broken": "Run `tessera audit verify`.",
    "database_empty": "`tessera serve` sets it up.",
    "folder_missing": "Name another with --data-dir, or create it: `tessera serve --data-dir {path}`.",
    "last_credential": 'Run `tessera apps rotate "{application}"`.',
    "property_last_credential": "Run `tessera properties secrets rotate {id}`.",
    "property_still_used": "See `tessera properties secrets list {id}`.",
    "schema_older": "Then run `tessera migrate`.",
    "still_used": 'See `tessera apps secrets list "{application}"`.',
    "token_per_call": (
        'Until it does, `tessera apps set "{application}" --token-reuse on` makes Tessera return the same token again.'
    ),
    "url_credentials_used": 'Then run `tessera apps set "{application}" --query-credentials deny`.',
}
"""The command to type, after the text of a finding of the doctor or a warning."""
