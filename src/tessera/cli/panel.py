"""The panel of the demonstration: everything a partner needs, and three lines that work when pasted."""

from typing import TYPE_CHECKING

from tessera.cli import output

if TYPE_CHECKING:
    from tessera.app.demo.demo import Demo

_LABELS = {
    "client_id": "client id",
    "client_secret": "client secret",
    "api_key": "API key",
    "property_secret": "property secret",
    "customer_id": "customer id",
    "external_id": "external id",
    "retailer_id": "retailer id",
}


def show(demo: "Demo", address: str, token: str | None) -> None:
    """Print the panel and, when there is a token for them, the curl lines; each of these stands on its own."""
    members = [(label, str(getattr(demo, member))) for member, label in _LABELS.items()]
    pages = [("server", address), ("documentation", f"{address}/docs")]
    rows = [*pages, ("token endpoint", f"{address}/oauth/token"), *members]
    output.panel("Tessera demonstration", rows)
    output.data()
    lines = curl_lines(demo, address, token)
    titles = ("A token, as a partner's server asks for it:", "A customer's profile:", "The same customer's tiers:")
    for title, line in zip(titles, lines, strict=False):
        for text in (title, "", line, ""):
            output.data(text, flush=True)


def curl_lines(demo: "Demo", address: str, token: str | None) -> list[str]:
    """The token request, literally as partners are told to send it, and with a token the profile and the tiers."""
    query = f"grant_type=client_credentials&client_id={demo.client_id}&client_secret={demo.client_secret}"
    lines = [f"curl -X POST '{address}/oauth/token?{query}'"]
    if token is None:
        return lines
    bearer = f"-H 'Authorization: Bearer {token}'"
    body = f'{{"retailer_id":"{demo.retailer_id}","user_id":"{demo.customer_id}"}}'
    lines.append(f"curl {bearer} '{address}/priv/v1/apps/{demo.api_key}/users/{demo.customer_id}'")
    lines.append(
        f"curl -X POST {bearer} -H 'Content-Type: application/json' -d '{body}'"
        f" '{address}/api/1.0/user_tiers/tier_status'"
    )
    return lines
