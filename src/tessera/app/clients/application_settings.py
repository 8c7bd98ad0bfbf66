"""Changes of an application's attributes by an operator: all that one call names, in one commit."""

from collections.abc import Iterator

import msgspec

from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core import scopes
from tessera.core.changes import (
    Change,
    RenameApplication,
    RevokeApplicationTokens,
    SetAssertionAudience,
    SetAuthenticationMethods,
    SetJSONRequests,
    SetQueryCredentials,
    SetScope,
    SetSecurityProfile,
    SetSigningAlgorithms,
    SetTokenBinding,
    SetTokenFormat,
    SetTokenLifetime,
    SetTokenReuse,
)
from tessera.core.clients import signing_methods
from tessera.core.clients.applications import (
    DEFAULT_OPTIONS,
    ApplicationRecord,
    AuthenticationMethod,
    JSONRequests,
    Options,
    QueryCredentials,
    TokenBinding,
    TokenFormat,
)
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms
from tessera.core.errors import InvalidScope
from tessera.core.nearest import nearest
from tessera.core.tokens.access_tokens import LIFETIME_SECONDS_MAX


class ApplicationChanges(msgspec.Struct, frozen=True):
    """The attributes that an application gets; None leaves one as it is.

    An empty `scope` is none at the platform. Tokens issued before keep what they say, unless `cut_off` ends them all.
    """

    name: str | None = None
    scope: str | None = None
    token_lifetime_seconds: int | None = None
    query_credentials: QueryCredentials | None = None
    json_requests: JSONRequests | None = None
    token_format: TokenFormat | None = None
    token_binding: TokenBinding | None = None
    token_reuse: bool | None = None
    authentication_methods: AuthenticationMethod | None = None
    security_profile: Profile | None = None
    signing_algorithms: SigningAlgorithms | None = None
    assertion_audience: AssertionAudience | None = None
    cut_off: bool = False


async def change(context: Context, client_id: str, wanted: ApplicationChanges) -> ApplicationRecord:
    """Change an application, in one commit; the application as it is then. Raises OperatorError."""
    application = await context.store.application(client_id)
    if application is None:
        raise OperatorError("application_gone")
    if wanted.name is not None:
        check_text("The name", wanted.name)
    if wanted.token_lifetime_seconds is not None:
        check_lifetime(wanted.token_lifetime_seconds)
    _check_signing(context, application.options, wanted)
    scope = checked_scope(wanted.scope, application.scopes) if wanted.scope else wanted.scope
    await commit(context, *_changes(context, client_id, wanted, scope))
    record = await context.store.application_record(client_id)
    if record is None:
        raise OperatorError("application_gone")
    return record


def of_new(context: Context, client_id: str, options: ApplicationChanges) -> list[Change]:
    """The changes that give a new application these options; it has the policy on URLs already. Raises OperatorError.

    A value that is the default (each is zero) needs no change.
    """
    _check_signing(context, DEFAULT_OPTIONS, options)
    values = {name: value for name, value in msgspec.structs.asdict(options).items() if value}
    return list(_changes(context, client_id, ApplicationChanges(**{**values, "query_credentials": None}), None))


def check_lifetime(seconds: int) -> None:
    """Raises OperatorError for a lifetime that tokens cannot have."""
    if not 1 <= seconds <= LIFETIME_SECONDS_MAX:
        raise OperatorError("token_lifetime_out_of_range", limit=LIFETIME_SECONDS_MAX)


def checked_scope(text: str, held: scopes.Scopes = ()) -> str:
    """Scopes of the platform as they are stored. `held` are those that the application has already.

    Raises OperatorError for a scope that the platform does not have: tokens with it would open nothing.
    """
    try:
        names = scopes.parse(text)
    except InvalidScope as refusal:
        raise OperatorError("scope_malformed", problem=refusal.public) from None
    for name in names:
        if name not in scopes.WELL_KNOWN and name not in held:
            raise OperatorError(
                "scope_unknown",
                name=name,
                nearest=nearest(name, scopes.WELL_KNOWN),
                known=scopes.show(scopes.WELL_KNOWN),
            )
    return scopes.show(names)


def check_algorithms(context: Context, profile: Profile, algorithms: SigningAlgorithms) -> None:
    """Raises OperatorError when nothing is left that the application may sign with."""
    if not signing_methods.allowed(profile, algorithms, context.signing_algorithms):
        raise OperatorError(
            "signing_algorithm_none_left",
            chosen=signing_methods.shown(algorithms),
            profile=profile.name.lower(),
            server=signing_methods.shown(context.signing_algorithms),
        )


def _check_signing(context: Context, options: Options, wanted: ApplicationChanges) -> None:
    """Check what the application would be held to after the change as a whole. Raises OperatorError."""
    profile = options.security_profile if wanted.security_profile is None else wanted.security_profile
    form = options.token_format if wanted.token_format is None else wanted.token_format
    algorithms = options.signing_algorithms if wanted.signing_algorithms is None else wanted.signing_algorithms
    if profile is Profile.FAPI2 and form is TokenFormat.RS256:
        if wanted.token_format is not None:
            raise OperatorError("token_format_not_in_profile")
        if wanted.security_profile is not None:
            raise OperatorError("profile_not_for_token_format")
    if wanted.security_profile is not None or wanted.signing_algorithms is not None:
        check_algorithms(context, profile, algorithms)


def _changes(context: Context, client_id: str, wanted: ApplicationChanges, scope: str | None) -> Iterator[Change]:
    """The changes that are wanted; of those to options, in the order of `Wanted`."""
    if wanted.name is not None:
        yield RenameApplication(client_id, wanted.name)
    if scope is not None:
        yield SetScope(client_id, scope)
    if wanted.token_lifetime_seconds is not None:
        yield SetTokenLifetime(client_id, wanted.token_lifetime_seconds)
    if wanted.token_reuse is not None:
        yield SetTokenReuse(client_id, wanted.token_reuse)
    numbered = (
        (SetQueryCredentials, wanted.query_credentials),
        (SetJSONRequests, wanted.json_requests),
        (SetTokenFormat, wanted.token_format),
        (SetTokenBinding, wanted.token_binding),
        (SetAuthenticationMethods, wanted.authentication_methods),
        (SetSecurityProfile, wanted.security_profile),
        (SetSigningAlgorithms, wanted.signing_algorithms),
        (SetAssertionAudience, wanted.assertion_audience),
    )
    for kind, value in numbered:
        if value is not None:
            yield kind(client_id, int(value))
    if wanted.cut_off:
        yield RevokeApplicationTokens(client_id, context.clock.now(), context.generation_step())
