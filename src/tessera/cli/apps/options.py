"""`tessera apps set`: the options of an application."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import durations, output
from tessera.cli.apps import credentials
from tessera.cli.opening import confirm, with_context
from tessera.cli.options import (
    App,
    AsJSON,
    Audience,
    Binding,
    DataDir,
    Form,
    Permission,
    Policy,
    Profile,
    Switch,
    Yes,
    examples,
)

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.clients.applications import ApplicationRecord

MOMENTS = ("created_at", "last_token_at")

EXAMPLES = examples(
    'apps set Partner --scope "profiles:read" --cut-off',
    'apps set Partner --name "Partner of 2030" --token-lifetime 12h',
    "apps set Partner --query-credentials deny",
    "apps set Partner --json-requests deny",
    "apps set Partner --token-format eddsa",
    "apps set Partner --token-binding dpop",
    "apps set Partner --token-reuse on",
    "apps set Partner --methods private_key_jwt,tls",
    "apps set Partner --profile fapi2",
    "apps set Partner --algorithms ES256,PS256 --assertion-audience issuer",
)


QueryCredentials = Annotated[
    Policy | None, typer.Option("--query-credentials", help="Whether the client id and secret may be sent in the URL.")
]
JSONRequests = Annotated[
    Permission | None,
    typer.Option("--json-requests", help="Whether it may send JSON to the OAuth endpoints instead of a form."),
]
TokenFormat = Annotated[
    Form | None,
    typer.Option("--token-format", help="Format of its tokens: opaque, or a JWT with this signature."),
]
TokenBinding = Annotated[
    Binding | None,
    typer.Option("--token-binding", help="Required binding of its tokens: a DPoP key or a TLS certificate."),
]
TokenReuse = Annotated[
    Switch | None,
    typer.Option(
        "--token-reuse", help="Whether a valid token is returned again while more than half of its lifetime remains."
    ),
]
Methods = Annotated[
    str | None,
    typer.Option(
        "--methods",
        help="Allowed authentication methods: any, or some of secret, private_key_jwt, tls, separated by commas.",
        metavar="METHODS",
    ),
]
HeldTo = Annotated[
    Profile | None,
    typer.Option("--profile", help="Security profile of its signatures: fapi2 allows PS256, ES256 and EdDSA."),
]
Algorithms = Annotated[
    str | None,
    typer.Option(
        "--algorithms",
        help="How it may sign assertions and DPoP proofs: any, fapi2, or some of EdDSA, ES256, PS256, RS256, with"
        " commas between.",
        metavar="ALGORITHMS",
    ),
]
AssertionAudience = Annotated[
    Audience | None,
    typer.Option(
        "--assertion-audience",
        help="Audience (aud) of its assertions: only the issuer, or also an endpoint. Default: by the profile.",
    ),
]


Scope = Annotated[
    str | None,
    typer.Option("--scope", help="Scopes of its new tokens, separated by spaces.", metavar="SCOPES"),
]
NoPlatform = Annotated[bool, typer.Option("--no-platform", help="No scopes at the platform, only at resource servers.")]
Lifetime = Annotated[
    str | None,
    typer.Option("--token-lifetime", help="Lifetime of its new tokens: 3600 (seconds), 12h, 14d.", metavar="DURATION"),
]
CutOff = Annotated[
    bool,
    typer.Option("--cut-off", help="Also revoke all its existing tokens, in the same step. Otherwise they stay valid."),
]

Sentences = list[tuple[str, Any, str]]
"""Attributes of `Wanted` with their values, and the sentence that says so afterwards; a value of None is not wanted."""


def change(  # noqa: PLR0913  # typer makes a flag of each
    name: App,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="The new name.", metavar="NAME")] = None,
    scope: Scope = None,
    no_platform: NoPlatform = False,
    token_lifetime: Lifetime = None,
    query_credentials: QueryCredentials = None,
    json_requests: JSONRequests = None,
    token_format: TokenFormat = None,
    token_binding: TokenBinding = None,
    token_reuse: TokenReuse = None,
    methods: Methods = None,
    profile: HeldTo = None,
    algorithms: Algorithms = None,
    assertion_audience: AssertionAudience = None,
    cut_off: CutOff = False,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Change an application, in one step. A change that leaves it no credential requires --yes.

    Existing tokens keep their scopes and other properties until they expire, unless --cut-off revokes them.
    """
    from tessera.app.clients import application_settings, applications
    from tessera.app.clients import credentials as client_credentials

    chosen = [
        *named(new_name, scope, token_lifetime, no_platform=no_platform),
        *requests(query_credentials, json_requests),
        *tokens(token_format, token_binding, token_reuse),
        *signing(methods, profile, algorithms, assertion_audience),
    ]
    changes = values(chosen)
    if not changes:
        raise typer.BadParameter(
            "Say what to change: --name, --scope, --no-platform, --token-lifetime, --query-credentials,"
            " --json-requests, --token-format, --token-binding, --token-reuse, --methods, --profile,"
            " --algorithms, --assertion-audience. To end its tokens alone: `tessera apps revoke-tokens`."
        )
    wanted = application_settings.ApplicationChanges(**changes, cut_off=cut_off)

    async def work(context: "Context") -> "ApplicationRecord":
        application = await applications.find(context, name)
        if wanted.authentication_methods is not None:
            lost = await client_credentials.lost_without(context, application, wanted.authentication_methods)
            if lost:
                confirm(f"{lost} Go on?", f"{lost} Add one first, or say --yes.", yes=yes)
        return await application_settings.change(context, application.client_id, wanted)

    record = with_context(data_dir, work)
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
        return
    sentences = [sentence for _, value, sentence in chosen if value is not None]
    if cut_off:
        sentences.append("All existing tokens are revoked.")
    elif wanted.scope is not None or wanted.token_lifetime_seconds is not None:
        sentences.append("Tokens issued before stay as they are; --cut-off would end them.")
    output.message(f"{record.name}: {' '.join(sentences)}")


def values(chosen: Sentences) -> dict[str, Any]:
    """The attributes that are wanted, by their names in `Wanted`."""
    return {attribute: value for attribute, value, _ in chosen if value is not None}


def named(name: str | None, scope: str | None, lifetime: str | None, *, no_platform: bool) -> Sentences:
    """Changes of its name, its scopes and its tokens' lifetime. Raises BadParameter."""
    if no_platform and scope is not None:
        raise typer.BadParameter("Say --scope or --no-platform: one of them.")
    if scope is not None and not scope.strip():
        raise typer.BadParameter("--scope names no scope. For none at the platform say --no-platform.")
    seconds = None if lifetime is None else durations.seconds(lifetime)
    return [
        ("name", name, "This is its name now; its client id stays."),
        ("scope", "" if no_platform else scope, f"Its scopes are now: {scope or 'none at the platform'}."),
        ("token_lifetime_seconds", seconds, f"The lifetime of new tokens is {lifetime}."),
    ]


def requests(query_credentials: Policy | None, json_requests: Permission | None) -> Sentences:
    """Changes of its requests for tokens."""
    from tessera.core.clients import applications as law

    policy = query_credentials and law.QueryCredentials[query_credentials.name]
    json = json_requests and law.JSONRequests[json_requests.name]
    return [
        ("query_credentials", policy, f"Credentials in a URL are now: {query_credentials}."),
        ("json_requests", json, f"JSON at the OAuth endpoints is now: {json_requests}."),
    ]


def tokens(token_format: Form | None, token_binding: Binding | None, reuse: Switch | None) -> Sentences:
    """Changes of its tokens."""
    from tessera.core.clients import applications as law

    form = token_format and law.TokenFormat[token_format.name]
    binding = token_binding and law.TokenBinding[token_binding.name]
    return [
        ("token_format", form, f"New tokens are now: {token_format}."),
        ("token_binding", binding, f"Tokens from now on are bound to: {token_binding}."),
        ("token_reuse", reuse and reuse is Switch.ON, f"Token reuse is now {reuse}."),
    ]


def signing(
    methods: str | None, profile: Profile | None, algorithms: str | None, audience: Audience | None
) -> Sentences:
    """Changes of how it authenticates and signs. Raises BadParameter."""
    from tessera.core.clients import signing_methods

    flags = None
    if algorithms is not None:
        try:
            flags = signing_methods.algorithms_named(algorithms)
        except signing_methods.NotAlgorithms as error:
            raise typer.BadParameter(f"--algorithms cannot be used: {error}.") from None
    ways = None if methods is None else credentials.methods_named(methods)
    held = profile and signing_methods.Profile[profile.name]
    named = audience and signing_methods.AssertionAudience[audience.name]
    return [
        ("authentication_methods", ways, f"It may authenticate with: {methods}."),
        ("security_profile", held, f"It is held to the profile: {profile}."),
        ("signing_algorithms", flags, "" if flags is None else f"It may sign with: {signing_methods.shown(flags)}."),
        ("assertion_audience", named, f"Its assertions may name: {audience}."),
    ]
