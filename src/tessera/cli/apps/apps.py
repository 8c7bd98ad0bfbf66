"""`tessera apps`: the OAuth applications of partners."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import output
from tessera.cli.apps import access, credentials, limits, rotation, secrets, usage
from tessera.cli.apps import options as app_options
from tessera.cli.groups import group
from tessera.cli.opening import confirm, secret_from_stdin, with_context
from tessera.cli.options import App, AsJSON, DataDir, Form, Org, Permission, Policy, Switch, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.clients.applications import ApplicationRecord

app = group("OAuth applications: the clients with which partners get tokens.", "client_id")
CREDENTIALS, ACCESS = "Credentials", "Access, limits and tokens"

app.add(secrets.app, name="secrets", rich_help_panel=CREDENTIALS)
app.add(credentials.keys, name="keys", rich_help_panel=CREDENTIALS)
app.add(credentials.certificates, name="certificates", rich_help_panel=CREDENTIALS)
app.command("rotate", ids=("secret_name",), epilog=rotation.ROTATE_EXAMPLES, rich_help_panel=CREDENTIALS)(
    rotation.rotate
)
app.command("finish", ids=("name",), epilog=rotation.FINISH_EXAMPLES, rich_help_panel=CREDENTIALS)(rotation.finish)
app.command("warnings", ids=("client_id", "api_key"), epilog=rotation.WARNINGS_EXAMPLES, rich_help_panel=CREDENTIALS)(
    rotation.warnings
)
access.register(app, ACCESS)
app.command("limit", ids=("client_id",), epilog=limits.EXAMPLES, rich_help_panel=ACCESS)(limits.limit)
app.command("usage", ids=("client_id",), epilog=usage.EXAMPLES, rich_help_panel=ACCESS)(usage.usage)
app.command("set", epilog=app_options.EXAMPLES)(app_options.change)

MOMENTS = app_options.MOMENTS

Scope = Annotated[
    str | None, typer.Option("--scope", help="Scopes of its tokens, separated by spaces. Default: openid.")
]
Lifetime = Annotated[
    str,
    typer.Option("--token-lifetime", help="Lifetime of its tokens: 3600 (seconds), 12h, 14d.", metavar="DURATION"),
]


@app.command(
    "create", epilog=examples("apps create Partner", 'apps create Partner --scope "profiles:read" --token-lifetime 12h')
)
def create(  # noqa: PLR0913  # typer makes a flag of each
    name: Annotated[str, typer.Argument(help="The application's name.", metavar="NAME", show_default=False)],
    *,
    org: Org = None,
    scope: Scope = None,
    no_platform: app_options.NoPlatform = False,
    token_lifetime: Lifetime = "14d",  # noqa: S107  # a length of time, not a secret
    query_credentials: app_options.QueryCredentials = Policy.ALLOW,
    json_requests: app_options.JSONRequests = Permission.ALLOW,
    token_format: app_options.TokenFormat = Form.OPAQUE,
    token_binding: app_options.TokenBinding = None,
    token_reuse: app_options.TokenReuse = None,
    methods: app_options.Methods = None,
    profile: app_options.HeldTo = None,
    algorithms: app_options.Algorithms = None,
    assertion_audience: app_options.AssertionAudience = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="An imported client id. Default: a generated one.")
    ] = None,
    client_secret_stdin: Annotated[
        bool, typer.Option("--client-secret-stdin", help="Read an imported secret from standard input.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create an application with its first secret, which is shown only once."""
    from tessera.app.clients import applications
    from tessera.app.clients import credentials as client_credentials
    from tessera.app.clients.application_settings import ApplicationChanges
    from tessera.app.organizations import organizations
    from tessera.core import scopes

    chosen = [
        *app_options.named(None, scope, token_lifetime, no_platform=no_platform),
        *app_options.requests(query_credentials, json_requests),
        *app_options.tokens(token_format, token_binding, token_reuse),
        *app_options.signing(methods, profile, algorithms, assertion_audience),
    ]
    attributes = app_options.values(chosen)
    wanted_scope = attributes.pop("scope", scopes.EVERYTHING) or None
    lifetime = attributes.pop("token_lifetime_seconds")
    options = ApplicationChanges(**attributes)
    imported = secret_from_stdin() if client_secret_stdin else None

    async def work(context: "Context") -> tuple[dict[str, Any], str]:
        organization = await organizations.find(context, org)
        issued = await applications.create(
            context,
            name,
            organization.number,
            scope=wanted_scope,
            token_lifetime_seconds=lifetime,
            options=options,
            client_id=client_id,
            client_secret=imported,
        )
        lost = ""
        if options.authentication_methods is not None:
            record = await applications.find(context, issued.client_id)
            lost = await client_credentials.lost_without(context, record, options.authentication_methods)
        return {"name": name, "organization": organization.name, **secrets.shown(issued)}, lost

    made, lost = with_context(data_dir, work)
    if as_json:
        output.document(made)
        return
    output.message(f"Created the application {name} in {made['organization']}.")
    secrets.show_once(made)
    if lost:
        output.message(f"{lost} Add one: `tessera apps keys add` or `tessera apps certificates add`.")


@app.command("list", epilog=examples("apps list", "apps list --json"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all applications."""
    from tessera.app.clients import applications

    found = with_context(data_dir, applications.every)
    if as_json:
        output.document([output.record(each, moments=MOMENTS) for each in found])
    elif not found:
        output.message("There is no application yet. Create one: `tessera apps create NAME`.")
    else:
        output.table(
            (
                Column("name", short=32),
                Column("organization", drop=1, short=24),
                "state",
                Column("scope", short=24),
                Column("URL credentials", drop=7),
                Column("form", drop=6),
                Column("binding", drop=5),
                Column("tokens", drop=4),
                Column("last token", drop=3),
                Column("client id", short=13, id=True),
            ),
            [
                (
                    each.name,
                    each.organization,
                    each.state,
                    each.scope,
                    each.query_credentials,
                    each.token_format,
                    each.token_binding,
                    each.tokens_issued,
                    output.moment(each.last_token_at),
                    each.client_id,
                )
                for each in found
            ],
        )


@app.command("show", wide=True, epilog=examples("apps show Partner"))
def show(name: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one application and the names of its secrets."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> tuple["ApplicationRecord", list[dict[str, Any]]]:
        found = await applications.find(context, name)
        return found, secrets.listed(await context.store.secrets(found.client_id), context.clock.now())

    found, its_secrets = with_context(data_dir, work)
    if as_json:
        output.document({**output.record(found, moments=MOMENTS), "secrets": its_secrets})
        return
    output.pairs(
        [
            ("name", found.name),
            ("client id", found.client_id),
            ("organization", found.organization),
            ("state", found.state),
            ("scope", found.scope),
            ("token lifetime", f"{found.token_lifetime_seconds} seconds"),
            ("token format", found.token_format),
            ("token binding", found.token_binding),
            ("proves itself by", found.authentication_methods),
            ("profile", found.security_profile),
            ("signs with", found.signing_algorithms),
            ("assertion audience", found.assertion_audience),
            ("URL credentials", f"{found.query_credentials}, used {found.query_credentials_used} times"),
            ("JSON requests", found.json_requests),
            ("created", output.moment(found.created_at)),
            ("tokens issued", found.tokens_issued),
            ("token reuse", Switch.ON if found.token_reuse else Switch.OFF),
            ("last token", output.moment(found.last_token_at)),
        ]
    )
    output.data()
    secrets.show_table(its_secrets)


@app.command("disable", epilog=examples("apps disable Partner"))
def disable(name: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Disable an application: it gets no tokens, and all existing tokens become inactive for good."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> "ApplicationRecord":
        found = await applications.find(context, name)
        await applications.disable(context, found.client_id)
        return await applications.find(context, found.client_id)

    _done(
        with_context(data_dir, work),
        "Disabled. Running servers refuse it within 250 ms; its existing tokens stay inactive.",
        as_json=as_json,
    )


@app.command("enable", epilog=examples("apps enable Partner"))
def enable(name: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Enable a disabled application again. Tokens issued before stay inactive."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> "ApplicationRecord":
        found = await applications.find(context, name)
        await applications.enable(context, found.client_id)
        return await applications.find(context, found.client_id)

    _done(with_context(data_dir, work), "Enabled. It has to ask for new tokens.", as_json=as_json)


@app.command("delete", epilog=examples("apps delete Partner --yes"))
def delete(name: App, *, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Delete an application with its secrets and usage counts. Its tokens become inactive."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> "ApplicationRecord":
        found = await applications.find(context, name)
        confirm(
            f"Delete the application {found.name} ({found.client_id}) for good?",
            f"Deleting {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await applications.delete(context, found.client_id)
        return found

    _done(with_context(data_dir, work), "Deleted. Its tokens are inactive.", as_json=as_json)


def _done(record: "ApplicationRecord", sentence: str, *, as_json: bool) -> None:
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
    else:
        output.message(f"{record.name}: {sentence}")
