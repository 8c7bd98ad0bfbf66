"""What the command line says of an operator's error: what happened, and what to type."""

from typing import Any

import pytest

from tessera.app.operator_errors import SENTENCES
from tessera.app.operators import OperatorError
from tessera.cli.advice import ADVICE, INSTEAD, ON_FINDINGS, advised, told
from tessera.core.administration.finding import Finding, Level

USED = {"name": "first", "at": "2030-01-01T00:00:00Z", "source": "192.0.2.7"}
USED_TEXT = "first was last used at 2030-01-01T00:00:00Z, from 192.0.2.7"
UNUSED_FOR_A_DAY = "(uses of the last 2 seconds may be missing). It can be ended when it has not been used for a day"

TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "application_not_found": (
        {"name": "partnr", "nearest": "partner"},
        "There is no application named partnr. Did you mean partner? See `tessera apps list`.",
    ),
    "application_without_live_secret": (
        {"name": "a b", "id": "x"},
        'a b has no active secret to rotate. Add one: `tessera apps secrets add "a b"`.',
    ),
    "application_without_old_secret": (
        {"name": "a b", "id": "x"},
        'a b has no old secret to end. Add a new one: `tessera apps rotate "a b"`.',
    ),
    "audit_head_incomplete": ({}, "Give --head and --number together, as an earlier verification printed them."),
    "column_mapping_malformed": (
        {"mapping": "x", "members": ["city", "email"]},
        "--map x is not of the form COLUMN=member. The members are: city, email.",
    ),
    "columns_unusable": (
        {"problems": "a column is missing", "members": ["city", "email"]},
        (
            "The first line must name the columns, external_id, identifiers or email among them, and each once: a"
            " column is missing. The members are: city, email. --map COLUMN=member names the member for another column,"
            " --ignore-columns COLUMN leaves a column out."
        ),
    ),
    "credential_of_other_kind": (
        {"name": "k", "called": "key", "kind": "secret"},
        "k is a key, not a secret. End it with `tessera apps keys expire`.",
    ),
    "cursor_malformed": ({}, "--after must be a cursor that this list printed."),
    "encoding_differs": (
        {"encoding": "utf-16"},
        "The file is in utf-16. Leave --encoding out, or use --encoding utf-16.",
    ),
    "event_not_asked_for": (
        {"webhook": "w", "kind": "points.spent"},
        "w is not subscribed to points.spent. Subscribe it with `tessera webhooks set` first.",
    ),
    "header_not_in_encoding": (
        {"encoding": "utf-8"},
        "The file is not in utf-8: its first line cannot be read. Name its encoding with --encoding.",
    ),
    "key_end_changed": (
        {},
        "Somebody else changed the expiry of the key at the same time. Check the keys with `tessera keys list`.",
    ),
    "key_not_found": ({"name": "x", "nearest": None}, "There is no key named x. See `tessera keys list`."),
    "key_numbers_taken": (
        {},
        (
            "All numbers of sealing keys are in use. Wait until an older key has expired, or retire one: `tessera keys"
            " list`."
        ),
    ),
    "key_signs": (
        {"name": "eddsa-1", "purpose": "eddsa"},
        (
            "eddsa-1 is the key that signs now. Rotate to another key first: `tessera keys rotate --purpose eddsa`,"
            " with --at-once if this key has leaked."
        ),
    ),
    "keys_added": ({}, "Somebody else added a key at the same time. Check the keys with `tessera keys list`."),
    "limit_named_twice": (
        {"name": "requests"},
        "The limit requests is named twice. Give only one of --report-only, --enforce and --none for it.",
    ),
    "limit_networks_count": (
        {"limit": 64},
        "Name 1 to 64 networks, or remove the limit with --none networks.",
    ),
    "new_secret_untried": (
        {**USED, "newest": "second"},
        (
            f"{USED_TEXT}, and second never: the partner may still use a token that it got with the old one. Have"
            " the partner switch to the new secret first; --force ends the old one now."
        ),
    ),
    "organization_named_differently": (
        {},
        "The file names another organization than --org does. Leave one of them out.",
    ),
    "organization_none_yet": ({}, "There is no organization yet. Create one: `tessera orgs create NAME`."),
    "organization_not_named": ({"known": ["A", "B"]}, "Name the organization with --org. The organizations are: A, B."),
    "profile_not_for_token_format": (
        {},
        "The application's tokens are signed with RS256, which the profile does not allow. Set --token-format.",
    ),
    "property_name_ambiguous": (
        {"name": "shop", "organizations": ["A", "B"]},
        "Several organizations have a property named shop. Name one with --org: A, B.",
    ),
    "property_not_found": (
        {"name": "x", "nearest": None},
        "There is no property named x. See `tessera properties list`.",
    ),
    "property_secret_in_use": (
        {**USED, "seconds": 2.0},
        f"{USED_TEXT} {UNUSED_FOR_A_DAY}; --force ends it now, and callers that still use it are refused.",
    ),
    "property_without_live_secret": (
        {"name": "shop", "id": "k1"},
        "shop has no active secret to rotate. Add one: `tessera properties secrets add k1`.",
    ),
    "property_without_old_secret": (
        {"name": "shop", "id": "k1"},
        "shop has no old secret to end. Add a new one: `tessera properties secrets rotate k1`.",
    ),
    "resource_not_found": (
        {"name": "x", "nearest": None},
        "There is no resource server x. See `tessera resources list`.",
    ),
    "secret_in_use": (
        {**USED, "seconds": 2.0},
        f"{USED_TEXT} {UNUSED_FOR_A_DAY}; --force ends it now, and clients that still use it get no token.",
    ),
    "seed_taken": ({}, "Some customers of this seed already exist. Choose another with --seed."),
    "separator_unusable": (
        {"separator": "x", "known": ["comma", "tab"]},
        (
            "--separator x cannot separate columns. Use comma, tab, or one other character that is not a letter,"
            " digit, blank or quotation mark."
        ),
    ),
    "separator_without_columns": ({}, "--separator is only for CSV: JSON lines have no columns. Leave it out."),
    "webhook_change_empty": ({}, "Say what to change: --url, --events or both."),
    "webhook_kinds_empty": (
        {"everything": "all", "known": ["a", "b"]},
        "Name the events with --events: all, or some of a, b.",
    ),
}


def test_every_advice_is_shown_here() -> None:
    """Each text that the command line words has a row."""
    assert TOLD.keys() ^ (ADVICE.keys() | INSTEAD.keys()) == set()


@pytest.mark.parametrize("code", TOLD)
def test_an_error_is_told_with_what_to_type(code: str) -> None:
    """The sentence comes first, or a text stands in its place; the error itself names no command."""
    parameters, text = TOLD[code]
    error = OperatorError(code, **parameters)

    assert told(error) == text
    assert str(error) != text


def test_an_error_without_advice_is_its_sentence() -> None:
    """Nothing is added where there is nothing to type."""
    assert told(OperatorError("customer_gone")) == SENTENCES["customer_gone"]


def test_an_empty_list_is_called_none() -> None:
    """A sentence stays whole when nothing is known, and when nothing is alike."""
    error = OperatorError("credential_not_found", kind="secret", name="x", nearest=None, known=[])

    assert told(error) == "The application has no secret named x. It has: none."


FOUND: dict[str, tuple[dict[str, str], str]] = {
    "audit_broken": ({}, "Run `tessera audit verify`."),
    "database_empty": ({}, "`tessera serve` sets it up."),
    "folder_missing": (
        {"path": "/a"},
        "Name another with --data-dir, or create it: `tessera serve --data-dir /a`.",
    ),
    "last_credential": ({"application": "a b", "id": "x"}, 'Run `tessera apps rotate "a b"`.'),
    "property_last_credential": ({"application": "a b", "id": "x"}, "Run `tessera properties secrets rotate x`."),
    "property_still_used": ({"application": "a b", "id": "x"}, "See `tessera properties secrets list x`."),
    "schema_older": ({}, "Then run `tessera migrate`."),
    "still_used": ({"application": "a b", "id": "x"}, 'See `tessera apps secrets list "a b"`.'),
    "token_per_call": (
        {"application": "a b"},
        'Until it does, `tessera apps set "a b" --token-reuse on` makes Tessera return the same token again.',
    ),
    "url_credentials_used": (
        {"application": "a b"},
        'Then run `tessera apps set "a b" --query-credentials deny`.',
    ),
}
"""Parameters of each finding that has advice, and what is added to its text."""


def test_every_advice_on_a_finding_is_shown() -> None:
    """What is typed about a finding stands after its text; one without a code is its text alone."""
    assert FOUND.keys() == ON_FINDINGS.keys()
    for code, (parameters, added) in FOUND.items():
        assert advised(Finding(Level.WARN, "x", "It is so.", code, parameters)) == f"It is so. {added}"
    assert advised(Finding(Level.OK, "x", "It is so.")) == "It is so."
