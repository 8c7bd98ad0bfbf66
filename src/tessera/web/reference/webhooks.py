"""The messages that Tessera sends to webhooks, as the document shows them."""

import inspect
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from tessera.core.event_types import DATA
from tessera.core.webhooks.webhooks import TEST
from tessera.web.reference.dialect import PREFIX, Schema

T = TypeVar("T")

HEADERS = {
    "webhook-id": "The id of the message: the same for every attempt, however often it comes.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the signature; several, with blanks between, while a former secret is valid.",
}


class WebhookTest(msgspec.Struct):
    """Sent when an operator asks for it, to see whether a webhook works. Answer it as any other."""

    webhook: str


class Message(msgspec.Struct, Generic[T]):
    """The message of an event. Verify its signature before you read it (https://www.standardwebhooks.com/)."""

    type: Annotated[str, Meta(description="The kind of the event.")]
    timestamp: Annotated[str, Meta(description="When it happened.", extra_json_schema={"format": "date-time"})]
    data: T


KINDS: dict[str, type[msgspec.Struct]] = {**{kind.value: data for kind, data in DATA.items()}, TEST: WebhookTest}
"""The type of the data of each kind of event."""

MESSAGES: dict[type[msgspec.Struct], object] = {data: Message[data] for data in KINDS.values()}  # type: ignore[valid-type]
"""The type of the message for each type of data, each once."""


def section(messages: list[Schema], named: dict[str, Schema]) -> dict[str, Any]:
    """The `webhooks` of the document, given the schemas of `MESSAGES`.

    Every schema stands where it is used: some generators leave out the named ones that no path points at, and then
    miss them.
    """
    schema_of = dict(zip(MESSAGES, messages, strict=True))
    return {kind: {"post": _told(kind, data, _whole(schema_of[data], named))} for kind, data in KINDS.items()}


def _whole(value: Any, named: dict[str, Schema]) -> Any:
    """A copy with what it points at in the place of each reference."""
    if isinstance(value, list):
        return [_whole(each, named) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _whole(named[value["$ref"].removeprefix(PREFIX)], named)
    if "allOf" in value:
        return {**_whole(value["allOf"][0], named), **{name: each for name, each in value.items() if name != "allOf"}}
    return {name: _whole(each, named) for name, each in value.items()}


def _told(kind: str, data: type[msgspec.Struct], schema: Schema) -> dict[str, Any]:
    name = "".join(word.capitalize() for word in kind.replace("_", ".").split("."))
    schema["title"] = f"{name}Message"
    schema["properties"]["type"]["enum"] = [kind]
    return {
        "operationId": f"on{name}",
        "summary": f"{kind} happened",
        "description": inspect.getdoc(data),
        "tags": ["Webhooks"],
        "x-internal": True,  # openapi-generator would make clients that send these messages, and some do not compile
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"204": {"description": "Taken; so says any other 2xx. Anything else is tried again later."}},
    }
