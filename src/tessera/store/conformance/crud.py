"""What is written is read back as it was; what was never written is absent."""

import msgspec

from tessera.core import changes
from tessera.core.clients.applications import (
    ApplicationRecord,
    Credential,
    CredentialKind,
    CredentialRecord,
    JSONRequests,
    QueryCredentials,
    TokenBinding,
)
from tessera.core.clients.properties import PropertyRecord
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms
from tessera.core.customers.customers import Customer
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.loyalty.entries import Entry
from tessera.ports import Due, PastMembership, Sum
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect
from tessera.store.conformance.material import API_KEY, AT, CLIENT, CUSTOMER, PROFILE

TOPIC = Topic("crud")


@TOPIC
async def an_empty_store_has_nothing(stores: Stores) -> None:
    """Every read of an empty store answers None, an empty list or 0."""
    store = await stores()
    absent = [
        await store.application("x"),
        await store.application_numbered(1),
        await store.property_with_key("x"),
        await store.program(1),
        await store.whole_program(1),
        await store.customer(1, "x"),
        await store.customer_with_external_id(1, "x"),
        await store.customer_id_with_email(1, "x"),
        await store.entry(1, "x"),
        await store.lease("x"),
        await store.webhook(1, "x"),
        await store.event("x"),
        await store.application_record("x"),
    ]
    expect(absent, [None] * 13, "what is absent")
    empty = [await store.keys(), await store.revocations(), await store.notices_after(0), await store.organizations()]
    expect(empty, [[], [], [], []], "the lists")
    ledger = [await store.entries_between(1, 0, 9), await store.sums(1, 9), await store.memberships(1)]
    expect([*ledger, await store.entries_before(1, 9, 9), await store.due(2**62, 9)], [[]] * 5)
    expect([await store.properties(), await store.applications(0, 9), await store.secrets("x")], [[], [], []])
    expect([await store.property_secrets("x"), await store.property_endings(0, 0, 2**62, 9)], [[], []])
    events = [await store.events_after(1, 0, 9), await store.events_before(1, 9, 9), await store.event_span(0, 9)]
    expect([*events, await store.webhooks(), await store.webhooks_in_force(AT)], [[]] * 5, "the outbox")
    expect(
        [await store.deliveries(1, 0, 9), await store.deliveries_due(1, AT, 9), await store.waiting(1, 0)], [[], [], {}]
    )
    expect((await store.delivery_counts(1), await store.last_event()), ((0, 0), 0), "the counts")
    expect(await store.last_sequence(), 0, "the last sequence")


@TOPIC
async def an_application_reads_back(stores: Stores) -> None:
    """An application has what it was given, by client id and by number, and its secrets in order."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.AddCredential(CLIENT, "second", 1, b"$argon2id$v", "", AT + 1, AT + 2),
        changes.EndCredential(CLIENT, world.secret, AT + 5, None),
        changes.SetQueryCredentials(CLIENT, 2),
        changes.SetTokenBinding(CLIENT, 1),
        changes.SetSecurityProfile(CLIENT, 1),
        changes.SetAssertionAudience(CLIENT, 2),
        changes.SetSigningAlgorithms(CLIENT, 6),
        changes.SetJSONRequests(CLIENT, 1),
    )
    found = await store.application(CLIENT)
    if found is None:
        raise AssertionError("the application is absent")
    expect((found.number, found.client_id, found.organization), (world.application, CLIENT, world.organization))
    expect((found.enabled, found.scopes, found.token_lifetime_seconds), (True, ("openid",), 60))
    expect((found.query_credentials, found.tokens_valid_from), (QueryCredentials.DENY, 0))
    expect(found.options.token_binding, TokenBinding.DPOP, "the binding of its tokens")
    signing = (Profile.FAPI2, AssertionAudience.ISSUER_OR_ENDPOINT, SigningAlgorithms.ES256 | SigningAlgorithms.PS256)
    options = found.options
    held = (options.security_profile, options.assertion_audience, options.signing_algorithms)
    expect(held, signing, "how it is to sign")
    expect(options.json_requests, JSONRequests.DENY, "whether it may send JSON")
    record = await store.application_record(CLIENT)
    told = record and (record.security_profile, record.assertion_audience, record.signing_algorithms)
    expect(told, ("fapi2", "issuer_or_endpoint", "ES256,PS256"), "how it is told to sign")
    expect(record and record.json_requests, "deny", "whether it is told that it may send JSON")
    secrets = [
        Credential(world.secret, CredentialKind.KEYED, bytes(32), AT + 5),
        Credential(world.secret + 1, CredentialKind.ARGON2ID, b"$argon2id$v", AT + 2),
    ]
    expect(list(found.credentials), secrets, "the secrets")
    expect(await store.application_numbered(world.application), found, "the application by its number")
    expect(
        await store.secrets(CLIENT),
        [
            CredentialRecord(world.secret, "first", "keyed", "abcd", AT, AT + 5, None, None, None),
            CredentialRecord(world.secret + 1, "second", "argon2id", "", AT + 1, AT + 2, None, None, None),
        ],
    )


@TOPIC
async def what_is_no_secret_is_told_whole(stores: Stores) -> None:
    """Of the credentials the address of a key set and a subject are shown, of an application its ways by name."""
    store = await stores()
    await material.furnish(store)
    held = {
        CredentialKind.KEYED: b"k" * 32,
        CredentialKind.PUBLIC_KEY: b"{}",
        CredentialKind.JWKS_URI: b"https://a.example/",
        CredentialKind.CERTIFICATE: b"c" * 32,
        CredentialKind.TLS_SUBJECT: b"san_dns:a.example",
    }
    for kind, digest in held.items():
        await store.commit(changes.AddCredential(CLIENT, kind.name, int(kind), digest, "", AT, None))
    told = {each.name: each.named for each in await store.secrets(CLIENT) if each.named is not None}
    expect(told, {"JWKS_URI": "https://a.example/", "TLS_SUBJECT": "san_dns:a.example"}, "what is told whole")
    for flags, ways in ((0, "any"), (1, "secret"), (6, "private_key_jwt,tls"), (7, "secret,private_key_jwt,tls")):
        await store.commit(changes.SetAuthenticationMethods(CLIENT, flags))
        record = await store.application_record(CLIENT)
        expect(record is not None and record.authentication_methods, ways, "its ways")


@TOPIC
async def an_application_without_secrets_is_there(stores: Stores) -> None:
    """An application that has no secret is found all the same."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(material.application(world.organization, "bare"))
    found = await store.application("bare")
    expect(found is not None and found.credentials, [], "its secrets")


@TOPIC
async def disabling_cuts_off_and_enabling_never_takes_that_back(stores: Stores) -> None:
    """The cut-off moves with disabling and enabling, and never back when the clock does."""
    store = await stores()
    await material.furnish(store)
    steps: list[tuple[changes.Change, bool, int]] = [
        (changes.DisableApplication(CLIENT, AT + 10), False, AT + 10),
        (changes.EnableApplication(CLIENT, AT + 20), True, AT + 20),
        (changes.DisableApplication(CLIENT, AT + 5), False, AT + 20),
        (changes.EnableApplication(CLIENT, AT + 6), True, AT + 20),
    ]
    for step, enabled, valid_from in steps:
        await store.commit(step)
        found = await store.application(CLIENT)
        state = found is not None and (found.enabled, found.tokens_valid_from)
        expect(state, (enabled, valid_from), f"enabled and cut-off after {step!r}")


@TOPIC
async def a_deleted_application_is_gone_for_good(stores: Stores) -> None:
    """An application goes with its secrets and counts, and neither its number nor theirs is used again."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.CountTokens(world.application, 3, 1, AT), changes.DeleteApplication(CLIENT))
    expect(await store.application(CLIENT), None, "the application")
    expect(await store.application_numbered(world.application), None, "the application by number")
    expect(await store.secrets(CLIENT), [], "its secrets")
    await store.commit(material.application(world.organization, CLIENT), material.secret(CLIENT, "first"))
    again = await store.application(CLIENT)
    expect(again is not None and again.number > world.application, True, "that the number is a new one")
    expect(again is not None and again.credentials[0].number > world.secret, True, "that the secret's number is new")
    await store.commit(changes.CountTokens(world.application, 3, 1, AT), changes.MarkCredentialUsed(world.secret, AT))
    record = await store.application_record(CLIENT)
    expect(record is not None and record.tokens_issued, 0, "the tokens counted for the new one")


@TOPIC
async def records_tell_the_operator(stores: Stores) -> None:
    """Records name the organization and carry the counts; a client id wins over a name."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.CountTokens(world.application, 3, 1, AT + 1),
        changes.CountTokens(world.application, 4, 0, AT + 2),
        changes.MarkCredentialUsed(world.secret, AT + 2),
        material.application(world.organization, "other", name=CLIENT),
    )
    record = ApplicationRecord(
        world.application,
        CLIENT,
        f"name of {CLIENT}",
        "Org",
        True,
        "openid",
        60,
        "allow",
        "opaque",
        "any",
        "none",
        False,
        "none",
        "default",
        "any",
        "allow",
        "",
        AT,
        7,
        1,
        AT + 2,
    )
    expect(await store.application_record(CLIENT), record, "the record by client id")
    expect(await store.application_record(f"name of {CLIENT}"), record, "the record by name")
    expect((await store.secrets(CLIENT))[0].last_used_at, AT + 2, "when the secret was last used")
    expect(
        [(each.number, each.name, each.retailer_id, each.created_at) for each in await store.organizations()],
        [
            (world.organization, "Org", "retailer of Org", AT),
            (world.other_organization, "Other", "retailer of Other", AT),
        ],
    )
    known = await store.properties()
    expect(known, [PropertyRecord(known[0].number, "shop", "Org", API_KEY, True, "", AT, None)], "the properties")


@TOPIC
async def a_customer_reads_back(stores: Stores) -> None:
    """A customer is found by id, external id and folded email in its own organization only."""
    store = await stores()
    world = await material.furnish(store)
    owner, other = world.organization, world.other_organization
    await store.commit(
        changes.SetStanding(world.customer, "[[[1]],[]]", AT, 0),
        changes.ReplaceProfile(world.customer, "new@customers.example", '{"opted_in":true}', PROFILE),
    )
    known = Customer(world.customer, CUSTOMER, '{"opted_in":true}', "[[[1]],[]]", 1, "[]", None)
    expect(await store.customer(owner, CUSTOMER), known, "the customer by id")
    expect(await store.customer_with_external_id(owner, "card-1"), known, "the customer by external id")
    expect(await store.customer_id_with_email(owner, "new@customers.example"), CUSTOMER, "the id by email")
    expect(await store.customer_with_email(owner, "new@customers.example"), known, "the customer by email")
    expect(await store.customer_with_email(other, "new@customers.example"), None, "it seen from elsewhere")
    expect(await store.customer_id_with_email(owner, "ada@customers.example"), None, "the id by the former email")
    expect(await store.customer(other, CUSTOMER), None, "the customer seen from another organization")
    expect(await store.customer_with_external_id(other, "card-1"), None, "its card seen from another organization")


@TOPIC
async def the_ledger_reads_back(stores: Stores) -> None:
    """Entries are found by idempotency id and by number, forward and back, and sum up to any of them."""
    store = await stores()
    world = await material.furnish(store)
    who, account = world.customer, world.point_account
    spend = msgspec.structs.replace(material.entry(3, None, customer=who, account=account), amount=-400, kind="spend")
    back = msgspec.structs.replace(material.entry(4, None, customer=who, account=account), amount=-100, kind="return")
    await store.commit(material.entry(2, "more", amount=5, customer=who, account=account), spend, back)
    found = await store.entries_between(who, 0, 10)
    expect([entry.number for entry in found], [1, 2, 3, 4], "the numbers")
    first = Entry(1, "entry-1", account, 10_000, "deposit", "request", 0, "once", "fingerprint", None, None, None, AT,
                  None)  # fmt: skip
    expect(await store.entry(who, "once"), first, "the entry by its idempotency id")
    expect(await store.entry(who + 1, "once"), None, "the entry of another customer")
    expect(await store.entries_between(who, 2, 3), found[1:3], "the entries between")
    expect(await store.entries_of_request(who, "request"), found, "the entries of a request")
    expect(await store.entries_of_request(who, "other"), [], "the entries of another request")
    expect(await store.entries_of_request(who + 1, "request"), [], "the entries of another customer's request")
    expect(await store.entries_before(who, 4, 2), [found[2], found[1]], "the entries before")
    for kinds, newest_first, beyond, numbers in (
        (["deposit"], False, 0, [1, 2]),
        (["spend", "return"], True, 5, [4, 3]),
        (["deposit", "spend", "return", "expire"], True, 4, [3, 2]),
        (["deposit", "return"], False, 1, [2, 4]),
    ):
        kept = await store.entries_of_kinds(who, kinds, beyond, 2, newest_first=newest_first)
        expect([entry.number for entry in kept], numbers, f"the entries of the kinds {kinds}")
    expect(await store.sums(who, 2), [Sum(account, 10_005, 10_005)], "the sums up to the second")
    expect(await store.sums(who, 10), [Sum(account, 9_505, 9_905)], "the sums of all")
    expect(await store.sums(who, 0), [], "the sums of nothing")


@TOPIC
async def lots_read_back(stores: Stores) -> None:
    """Deposits and what expired are summed up by lot, within the entries that are asked for."""
    store = await stores()
    world = await material.furnish(store)
    who, account = world.customer, world.point_account

    def deposit(number: int, amount: int, ends: int | None) -> changes.AddEntry:
        made = material.entry(number, None, amount=amount, customer=who, account=account)
        return msgspec.structs.replace(made, expires_at=ends)

    spend = msgspec.structs.replace(material.entry(5, None, customer=who, account=account), amount=-7, kind="spend")
    ended = msgspec.structs.replace(spend, number=6, id="entry-6", amount=-3, kind="expire", occurred_at=AT + 9)
    await store.commit(deposit(2, 4, AT + 9), deposit(3, 6, AT + 9), deposit(4, 1, None), spend, ended)
    expect(await store.deposited(who, 0, 9), {(account, None): 10_001, (account, AT + 9): 10}, "all lots")
    expect(await store.deposited(who, 2, 3), {(account, AT + 9): 6}, "the lots of the third")
    expect(await store.deposited(who + 1, 0, 9), {}, "the lots of another customer")
    expect(await store.expired(who, 0, 9), {(account, AT + 9): 3}, "what expired")
    expect([await store.expired(who, 6, 9), await store.expired(who, 0, 5)], [{}, {}], "what expired in other entries")


@TOPIC
async def memberships_and_what_is_due_read_back(stores: Stores) -> None:
    """The history has every membership in its order; customers come when something is due to them."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.LeaveTier(world.customer, "membership-1", AT + 1),
        changes.JoinTier(CUSTOMER, "membership-2", world.tier_system, world.high_level, AT + 1, "earned"),
        changes.SetStanding(world.customer, "[]", AT + 7, 0),
    )
    system = world.tier_system
    expect(
        await store.memberships(world.customer),
        [
            PastMembership("membership-1", system, world.low_level, AT, AT + 1, "joined"),
            PastMembership("membership-2", system, world.high_level, AT + 1, None, "earned"),
        ],
    )
    mine = Due(world.customer, CUSTOMER, world.organization)
    other = Due(world.customer + 1, "customer-other", world.other_organization)
    expect(await store.due(AT - 1, 10), [], "what is due before anything is")
    expect(await store.due(AT + 6, 10), [other], "what is due then")
    expect(await store.due(AT + 7, 10), [other, mine], "what is due later")
    expect(await store.due(AT + 7, 1), [other], "the one that is due longest")


@TOPIC
async def keys_read_back_in_order(stores: Stores) -> None:
    """Keys come by purpose and number, with the bytes they were stored as."""
    store = await stores()
    wrapped = bytes(range(256))
    await store.commit(
        changes.AddKey(KeyPurpose.SEALING, 10, wrapped, AT, AT + 1),
        changes.AddKey(KeyPurpose.SEALING, 2, b"", AT, 0),
        changes.AddKey(KeyPurpose.PEPPER, 255, b"\x00", AT, 0),
    )
    expect(
        await store.keys(),
        [
            WrappedKey(KeyPurpose.PEPPER, 255, b"\x00", AT, 0, None),
            WrappedKey(KeyPurpose.SEALING, 2, b"", AT, 0, None),
            WrappedKey(KeyPurpose.SEALING, 10, wrapped, AT, AT + 1, None),
        ],
    )
