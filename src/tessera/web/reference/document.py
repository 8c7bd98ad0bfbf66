"""The OpenAPI 3.1 document of the routes that are served."""

import inspect
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import tessera
from tessera.core import scopes
from tessera.web.messages import Handler
from tessera.web.operations import Operation, Parameter
from tessera.web.reference import answers, webhooks
from tessera.web.reference.answers import JSON
from tessera.web.reference.dialect import ALSO, Schema
from tessera.web.reference.naming import operation_id
from tessera.web.reference.schemas import reached, schemas
from tessera.web.routes import Route

Part = dict[str, Any]

FORM = "application/x-www-form-urlencoded"

ABOUT = """\
Tokens for a partner's servers (OAuth 2, `client_credentials`), and the customer platform that they open.

Send `Authorization: Bearer` with a token from `/oauth/token`; HTTP Basic with the API key and the secret of a digital \
property opens every platform endpoint too, but those that need `loyalty:admin`. Members may be added to any object: \
ignore those that you do not know. Members of a body that the service does not know are ignored, but in the \
declaration of a program, where they are refused. HEAD is answered as GET, without the body.

What is not well-formed HTTP, or over a limit of the connection, is answered with 400, 408, 431 or 503, without a \
body. Every answer of 400 and above has an `X-Request-Id`, by which the operator can tell why.\
"""

INFO: Part = {
    "title": "Tessera",
    "version": tessera.__version__,
    "description": ABOUT,
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "contact": {"name": "The operator of this server"},
}

PATH_VALUES = {
    "api_key": "The API key of a digital property of your organization.",
    "external_id": "Any of the customer's external ids.",
    "user_id": "The customer's id.",
}

PATH_SCHEMAS: dict[str, Schema] = {"user_id": {"type": "string", "format": "uuid"}}
"""The schemas of values in the address; any other one is a text that is not empty."""

KINDS: dict[type, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int32"},
    bool: {"type": "boolean"},
    list: {"type": "array", "items": {"type": "string"}},
}

ACCESS = {
    "token": "A token from `/oauth/token`.",
    "bearer": "A token that you have.",
    "property": "The API key of a digital property as the user, its secret as the password.",
    "client": "The client id as the user, the client secret as the password, each form-encoded (RFC 6749 section"
    " 2.3.1).",
}

OTHER_WAYS = (
    " The parameters may also stand in a JSON object of strings, or in the query string, where a log may keep them."
)
"""What clients of old do, and generated ones need not know."""


def document(routes: Sequence[Route]) -> Part:
    """The whole document. Raises ValueError when two operations would have the same id, or two types one name."""
    told = [(route, route.operation) for route in routes if route.operation is not None]
    bodies = [operation.body for _, operation in told if operation.body is not None]
    errors = dict.fromkeys(error for route, _ in told for error in route.surface.content.values())
    replies = [*(operation.reply for _, operation in told), *webhooks.MESSAGES.values(), *errors]
    body_schemas, reply_schemas, named = schemas(bodies, replies)
    messages = reply_schemas[len(told) : len(told) + len(webhooks.MESSAGES)]
    paths, refused = _paths(told, iter(body_schemas), reply_schemas)
    sent_to_webhooks = webhooks.section(messages, named)
    used = reached([paths, refused], named)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "externalDocs": {"description": "The same, to read and to try.", "url": "/docs"},
        "servers": [{"url": "/"}],
        "tags": [*_tags(told), {"name": "Webhooks", "description": "The messages that Tessera sends to you."}],
        "paths": paths,
        "webhooks": sent_to_webhooks,
        "components": {
            "schemas": {name: each for name, each in named.items() if name in used},
            "responses": refused,
            "securitySchemes": _security_schemes(),
        },
    }


def _paths(
    told: Sequence[tuple[Route, Operation]], sent: Iterator[Schema], replies: Sequence[Schema]
) -> tuple[dict[str, Part], dict[str, Part]]:
    """The operations by path and method, and the refusals that they point at by name."""
    paths: dict[str, Part] = {}
    refused: dict[str, Part] = {}
    firsts: dict[tuple[object, ...], Route] = {}
    names: set[str] = set()
    for (route, operation), reply in zip(told, replies, strict=False):
        first = firsts.setdefault((route.method, route.handler, *_names(route.path)), route)
        name = operation_id(route, first)
        if name in names:
            raise ValueError(f"two operations would have the id {name}: give one of them a name of its own.")
        names.add(name)
        said = {
            "operationId": name,
            **_operation(operation, route, None if operation.body is None else next(sent), reply),
        }
        if first is not route:
            said |= {"deprecated": True, "x-same-as": operation_id(first)}
        for status, (answer_name, answer) in answers.refusals(route, operation).items():
            refused[answer_name] = answer
            said["responses"][str(status)] = {"$ref": f"#/components/responses/{answer_name}"}
        paths.setdefault(route.path, {})[route.method.lower()] = said
    return paths, refused


def _operation(operation: Operation, route: Route, body: Schema | None, reply: Schema) -> Part:
    query = [_query_value(each) for each in operation.query]
    by_client = operation.access == "client"
    description = operation.description or inspect.getdoc(_function(route.handler)) or f"{operation.summary}."
    said: Part = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "description": description + OTHER_WAYS if by_client else description,
        "security": _security(operation),
        "parameters": _path_values(route.path) if by_client else [*_path_values(route.path), *query],
        "responses": {"200": answers.success(operation, reply)},
    }
    if body is not None:
        content: Part = {"schema": body}
        if operation.example is not None:
            content["example"] = operation.example
        said["requestBody"] = {"required": True, "content": {FORM if by_client else JSON: content}}
    if by_client:
        said[ALSO] = {"content": [JSON], "query": query}
    return said


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.access == "client":
        return [{"client": []}, {}]
    if operation.access == "public":
        return [{}]
    if operation.access == "bearer":
        return [{"token": []}, {"bearer": []}]
    needed = [operation.scope] if operation.scope is not None else []
    by_property: list[dict[str, list[str]]] = [] if operation.scope in scopes.APART else [{"property": []}]
    return [{"token": needed}, {"bearer": needed}, *by_property]


def _security_schemes() -> Part:
    flow = {"tokenUrl": "/oauth/token", "scopes": dict(scopes.MEANINGS)}
    return {
        "token": {"type": "oauth2", "description": ACCESS["token"], "flows": {"clientCredentials": flow}},
        "bearer": {"type": "http", "scheme": "bearer", "description": ACCESS["bearer"]},
        "property": {"type": "http", "scheme": "basic", "description": ACCESS["property"]},
        "client": {"type": "http", "scheme": "basic", "description": ACCESS["client"]},
    }


def _path_values(path: str) -> list[Part]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_VALUES.get(name, f"The {name.replace('_', ' ')}."),
            "schema": PATH_SCHEMAS.get(name, {"type": "string", "minLength": 1}),
        }
        for name in _names(path)
    ]


def _names(path: str) -> list[str]:
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def _function(handler: Handler) -> object:
    """The function that was written, where some of its arguments were given beforehand."""
    return handler.func if isinstance(handler, partial) else handler


def _query_value(parameter: Parameter) -> Part:
    shown: Part = {"deprecated": True} if parameter.deprecated else {}
    return shown | {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": KINDS[parameter.kind],
    }


def _tags(told: Sequence[tuple[Route, Operation]]) -> list[Part]:
    """Each tag in the order of the routes, described by the docstring of the module that first uses it."""
    described: dict[str, str] = {}
    for route, operation in told:
        module = sys.modules.get(getattr(_function(route.handler), "__module__", ""))
        described.setdefault(operation.tag, (getattr(module, "__doc__", None) or "").partition("\n")[0])
    return [{"name": name, "description": text} for name, text in described.items()]
