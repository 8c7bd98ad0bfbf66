"""`tessera apps set`: the options of an application."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tessera.cli import credentials, output
from tessera.cli.opening import confirm, with_house
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
    from tessera.app.house import House
    from tessera.core.applications import ApplicationRecord

MOMENTS = ("created_at", "last_token_at")

EXAMPLES = examples(
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
    Policy | None, typer.Option("--query-credentials", help="Whether the id and secret may stand in a URL.")
]
JSONRequests = Annotated[
    Permission | None,
    typer.Option("--json-requests", help="Whether it may send JSON to the OAuth endpoints, in place of a form."),
]
TokenFormat = Annotated[
    Form | None,
    typer.Option("--token-format", help="What its tokens look like: sealed, or a JWT with this signature."),
]
TokenBinding = Annotated[
    Binding | None,
    typer.Option("--token-binding", help="What its tokens have to be bound to: a DPoP key, a TLS certificate."),
]
TokenReuse = Annotated[
    Switch | None,
    typer.Option("--token-reuse", help="Whether a live token is handed out again while half its life remains."),
]
Methods = Annotated[
    str | None,
    typer.Option(
        "--methods",
        help="How it may prove itself: any, or some of secret, private_key_jwt, tls, with commas between.",
        metavar="METHODS",
    ),
]
HeldTo = Annotated[
    Profile | None,
    typer.Option("--profile", help="Security profile for what it signs: fapi2 allows PS256, ES256 and EdDSA."),
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
        help="Whom its assertions may name (aud): the issuer alone, or an endpoint too; by the profile by default.",
    ),
]


class _Change(NamedTuple):
    """One thing to change: the operation, and what is said when it is done."""

    operation: "Callable[[House, str], Awaitable[None]]"
    sentence: str


def change(  # noqa: PLR0913  # typer makes a flag of each
    name: App,
    *,
    query_credentials: QueryCredentials = None,
    json_requests: JSONRequests = None,
    token_format: TokenFormat = None,
    token_binding: TokenBinding = None,
    token_reuse: TokenReuse = None,
    methods: Methods = None,
    profile: HeldTo = None,
    algorithms: Algorithms = None,
    assertion_audience: AssertionAudience = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Change what an application may do. What leaves it no way to prove itself asks for --yes."""
    from tessera.app import applications, client_credentials

    wanted = [
        *_requests(query_credentials, json_requests),
        *_tokens(token_format, token_binding, token_reuse),
        *_signing(methods, profile, algorithms, assertion_audience),
    ]
    if not wanted:
        raise typer.BadParameter(
            "Say what to change: --query-credentials, --json-requests, --token-format, --token-binding,"
            " --token-reuse, --methods, --profile, --algorithms, --assertion-audience."
        )

    async def work(house: "House") -> "ApplicationRecord":
        found = await applications.find(house, name)
        if methods is not None:
            lost = await client_credentials.lost_without(house, found, credentials.methods_named(methods))
            if lost:
                confirm(f"{lost} Go on?", f"{lost} Add one first, or say --yes.", yes=yes)
        for each in wanted:
            await each.operation(house, found.client_id)
        return await applications.find(house, found.client_id)

    record = with_house(data_dir, work)
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
    else:
        output.message(f"{record.name}: {' '.join(each.sentence for each in wanted)}")


def _requests(query_credentials: Policy | None, json_requests: Permission | None) -> list[_Change]:
    """Changes of its requests for tokens."""
    from tessera.app import applications
    from tessera.core import applications as law

    wanted = []
    if query_credentials is not None:
        policy = partial(applications.set_query_credentials, policy=law.QueryCredentials[query_credentials.name])
        wanted.append(_Change(policy, f"Credentials in a URL are now: {query_credentials.value}."))
    if json_requests is not None:
        json = partial(applications.set_json_requests, policy=law.JSONRequests[json_requests.name])
        wanted.append(_Change(json, f"JSON at the OAuth endpoints is now: {json_requests.value}."))
    return wanted


def _tokens(token_format: Form | None, token_binding: Binding | None, reuse: Switch | None) -> list[_Change]:
    """Changes of its tokens."""
    from tessera.app import applications, rotation
    from tessera.core import applications as law

    wanted = []
    if token_format is not None:
        form = partial(applications.set_token_format, token_format=law.TokenFormat[token_format.name])
        wanted.append(_Change(form, f"New tokens are now: {token_format.value}."))
    if token_binding is not None:
        binding = partial(applications.set_token_binding, binding=law.TokenBinding[token_binding.name])
        wanted.append(_Change(binding, f"Tokens from now on are bound to: {token_binding.value}."))
    if reuse is not None:
        handing = partial(rotation.set_token_reuse, reuse=reuse is Switch.ON)
        wanted.append(_Change(handing, f"Handing a live token out again is now: {reuse.value}."))
    return wanted


def _signing(
    methods: str | None, profile: Profile | None, algorithms: str | None, audience: Audience | None
) -> list[_Change]:
    """Changes of how it authenticates and signs."""
    from tessera.app import client_credentials
    from tessera.core import client_signing
    from tessera.core.applications import AuthenticationMethod

    wanted = []
    if methods is not None:
        chosen = AuthenticationMethod(credentials.methods_named(methods))
        ways = partial(client_credentials.set_methods, methods=chosen)
        wanted.append(_Change(ways, f"It may prove itself by: {methods}."))
    if profile is not None:
        held = partial(client_credentials.set_profile, profile=client_signing.Profile[profile.name])
        wanted.append(_Change(held, f"It is held to the profile: {profile.value}."))
    if algorithms is not None:
        try:
            flags = client_signing.algorithms_named(algorithms)
        except client_signing.NotAlgorithms as error:
            raise typer.BadParameter(f"--algorithms cannot be used: {error}.") from None
        signing = partial(client_credentials.set_signing_algorithms, algorithms=flags)
        wanted.append(_Change(signing, f"It may sign with: {client_signing.shown(flags)}."))
    if audience is not None:
        named = client_signing.AssertionAudience[audience.name]
        addressed = partial(client_credentials.set_assertion_audience, audience=named)
        wanted.append(_Change(addressed, f"Its assertions may name: {audience.value}."))
    return wanted
