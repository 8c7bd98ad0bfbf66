"""The OpenAPI 3.1 document of the routes that are served."""

import inspect
import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import tessera
from tessera.core import scopes
from tessera.web.messages import Handler
from tessera.web.operations import Operation, Parameter
from tessera.web.reference import answers
from tessera.web.reference.answers import JSON, OAuthError, PlatformError
from tessera.web.reference.schemas import Schema, schemas
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

PATH_VALUES = {
    "api_key": "The API key of a digital property of your organization.",
    "external_id": "Any of the customer's external ids.",
    "user_id": "The customer's id.",
}

KINDS: dict[type, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    list: {"type": "array", "items": {"type": "string"}},
}

ACCESS = {
    "token": "A token from `/oauth/token`.",
    "bearer": "A token that you have.",
    "property": "The API key of a digital property as the user, its secret as the password.",
    "client": "The client id as the user, the client secret as the password, each form-encoded (RFC 6749 section"
    " 2.3.1). They may stand in the query string or in the body instead.",
}


def document(routes: Sequence[Route]) -> Part:
    """The whole document. Raises ValueError when two operations would have the same id."""
    told = [(route, route.operation) for route in routes if route.operation is not None]
    bodies = [operation.body for _, operation in told if operation.body is not None]
    body_schemas, reply_schemas, named = schemas(
        bodies, [*(operation.reply for _, operation in told), OAuthError, PlatformError]
    )
    sent = iter(body_schemas)
    paths: dict[str, Part] = {}
    refused: dict[str, Part] = {}
    first: dict[tuple[object, ...], str] = {}
    for (route, operation), reply in zip(told, reply_schemas[: len(told)], strict=True):
        body = None if operation.body is None else next(sent)
        name = operation_id(route)
        said = _operation(route, operation, body, reply)
        deed = (route.method, route.handler, *_names(route.path))
        if first.setdefault(deed, name) != name:
            said["x-same-as"] = first[deed]
        for status, (answer_name, answer) in answers.refusals(route.path, operation).items():
            refused[answer_name] = answer
            said["responses"][str(status)] = {"$ref": f"#/components/responses/{answer_name}"}
        paths.setdefault(route.path, {})[route.method.lower()] = said
    names = [operation_id(route) for route, _ in told]
    if len(set(names)) < len(names):
        raise ValueError(f"two operations have one id: {sorted(names)}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tessera", "version": tessera.__version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": _tags(told),
        "paths": paths,
        "components": {"schemas": named, "responses": refused, "securitySchemes": _security_schemes()},
    }


def operation_id(route: Route) -> str:
    """The stable name of an operation: its method and the words of its address."""
    words = re.sub(r"[^a-z0-9]+", "_", route.path.lower().replace("{", "").replace("}", "")).strip("_")
    return f"{route.method.lower()}_{words}"


def _operation(route: Route, operation: Operation, body: Schema | None, reply: Schema) -> Part:
    said: Part = {
        "operationId": operation_id(route),
        "summary": operation.summary,
        "tags": [operation.tag],
        "description": operation.description or inspect.getdoc(_function(route.handler)) or f"{operation.summary}.",
        "security": _security(operation),
        "parameters": [*_path_values(route.path), *(_query_value(each) for each in operation.query)],
        "responses": {"200": answers.success(operation, reply)},
    }
    if body is not None:
        content: Part = {"schema": body}
        if operation.example is not None:
            content["example"] = operation.example
        types = (FORM, JSON) if operation.access == "client" else (JSON,)
        said["requestBody"] = {
            "required": operation.access == "platform",
            "content": dict.fromkeys(types, content),
        }
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
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _names(path)
    ]


def _names(path: str) -> list[str]:
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def _function(handler: Handler) -> object:
    """The function that was written, where some of its arguments were given beforehand."""
    return handler.func if isinstance(handler, partial) else handler


def _query_value(parameter: Parameter) -> Part:
    return {
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
