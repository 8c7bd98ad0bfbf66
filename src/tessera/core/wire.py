"""Raw bytes in, checked parameters out: the only reader of raw input.

Owns the limits, the percent-decoding, the rule against saying a thing twice, and the character sets. What comes
out is typed; what does not pass is refused with a text that names the parameter and quotes nothing of its value.
"""

import json
import re
from collections.abc import Collection
from urllib.parse import unquote_to_bytes

from tessera.core.errors import InvalidRequest

QUERY_BYTES_MAX = 8 * 1024
BODY_BYTES_MAX = 16 * 1024
PARAMETERS_MAX = 100
QUERY_PARAMETERS_MAX = 110
"""Of a platform request, which may name a hundred customers, and flags."""

VALUE_LENGTH_MAX = 4096

FORM = b"application/x-www-form-urlencoded"
JSON = b"application/json"
_MULTIPART = b"multipart/form-data"

REPEATABLE = "resource"
"""The one parameter that may be sent several times (RFC 8707 section 2). Equal values count once; different ones stand
in one value with a blank between, which no URI has."""

_PLAIN = bytes(set(range(0x20, 0x7F)) - set(b"%+"))
"""What stands for itself in a form: printable ASCII but for these two."""

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Params:
    """The parameters of one OAuth request, each with the place it came from.

    `values` maps name to value; `in_query` and `in_body` are the names that stood in each place. A parameter that
    was sent empty is absent (RFC 6749 section 3.2). `is_json` says that the body is JSON.
    """

    __slots__ = ("in_body", "in_query", "is_json", "values")

    def __init__(self, query: dict[str, str], body: dict[str, str], *, is_json: bool = False) -> None:
        self.is_json = is_json
        self.in_query = query.keys()
        self.in_body = body.keys()
        self.values = {**query, **body} if body else query

    def get(self, name: str) -> str | None:
        """The parameter's value, or None when it is absent."""
        return self.values.get(name)


def form(query: bytes, body: bytes, content_type: bytes, defined: frozenset[str]) -> Params:
    """Read the query string and the body of an OAuth request.

    The body is form-encoded (RFC 6749 appendix B) or a JSON object of strings; an empty body needs no type. `defined`
    names the parameters of the endpoint. Others are ignored (RFC 6749 section 3.2).
    Raises InvalidRequest for any other type, malformed encoding, a defined parameter sent twice, or a limit passed.
    """
    if len(query) > QUERY_BYTES_MAX:
        raise InvalidRequest(f"The query string is longer than {QUERY_BYTES_MAX} bytes.", check="request.query_length")
    in_query = _once(_pairs(query), defined) if query else {}
    kind = _media_type(content_type) if body else FORM
    in_body = _once(_body(body, kind), defined) if body else {}
    if in_body and not in_query.keys().isdisjoint(in_body):
        raise InvalidRequest(
            "A parameter stands both in the query string and in the body. Send it once.", check="request.twice"
        )
    return Params(in_query, in_body, is_json=kind == JSON)


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a platform request's query string, in order. Raises InvalidRequest as `form` does."""
    if len(query) > QUERY_BYTES_MAX:
        raise InvalidRequest(f"The query string is longer than {QUERY_BYTES_MAX} bytes.", check="request.query_length")
    return _pairs(query, QUERY_PARAMETERS_MAX)


def malformed(query: bytes, known: Collection[str]) -> str | None:
    """The first of the known parameters that cannot be read in a query string which was refused."""
    if len(query) > QUERY_BYTES_MAX:
        return None
    for part in query.split(b"&"):
        try:
            _pairs(part)
        except InvalidRequest:
            name = unquote_to_bytes(part.partition(b"=")[0])
            return next((each for each in known if each.encode() == name), None)
    return None


def _media_type(content_type: bytes) -> bytes:
    return content_type if content_type == FORM else content_type.partition(b";")[0].strip().lower()


def _body(body: bytes, media_type: bytes) -> list[tuple[str, str]]:
    if media_type == FORM:
        return _pairs(body)
    if media_type == JSON:
        return _json_pairs(body)
    multipart = f"The body is {_MULTIPART.decode()}. " if media_type == _MULTIPART else ""
    raise InvalidRequest(
        f"{multipart}Send the body as application/x-www-form-urlencoded (or leave it empty).",
        check="request.content_type",
    )


def _pairs(raw: bytes, parameters_max: int = PARAMETERS_MAX) -> list[tuple[str, str]]:
    """Split form-encoded bytes; `;` does not separate, `+` is a space."""
    if not raw.isascii():
        raise InvalidRequest("A parameter has a byte that must be percent-encoded.", check="request.encoding")
    parts = raw.decode("ascii").split("&")
    if len(parts) > parameters_max:
        raise InvalidRequest(f"More than {parameters_max} parameters were sent.", check="request.parameters")
    if raw.translate(None, _PLAIN):
        split = [part.partition("=") for part in parts]
        return [(decode(name), decode(value)) for name, _, value in split]
    return [part.partition("=")[::2] for part in parts]


def decode(text: str) -> str:
    """Decode one form-encoded name or value (RFC 6749 appendix B).

    Raises InvalidRequest for a percent sign without two hex digits, bytes that are not UTF-8, or a control character.
    """
    value = _unquoted(text) if "%" in text or "+" in text else text
    if not value.isprintable() and _CONTROL.search(value):
        raise InvalidRequest("A parameter has a control character.", check="request.characters")
    return value


def _unquoted(text: str) -> str:
    if _BAD_PERCENT.search(text):
        raise InvalidRequest("A percent sign is not followed by two hexadecimal digits.", check="request.encoding")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("A parameter is not UTF-8.", check="request.encoding") from None


def _json_pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(raw.decode("utf-8"), object_pairs_hook=_ObjectPairs)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON.", check="request.json") from None
    if not isinstance(pairs, _ObjectPairs) or not all(isinstance(value, str) for _, value in pairs):
        raise InvalidRequest("A JSON body must be an object whose values are strings.", check="request.json")
    if len(pairs) > PARAMETERS_MAX:
        raise InvalidRequest(f"More than {PARAMETERS_MAX} parameters were sent.", check="request.parameters")
    for name, value in pairs:
        if _CONTROL.search(name) or _CONTROL.search(value) or not _encodable(name + value):
            raise InvalidRequest("A parameter has a control character.", check="request.characters")
    return list(pairs)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


class _ObjectPairs(list[tuple[str, str]]):
    """A JSON object as its pairs, so that a name that stands twice is seen."""


def _once(pairs: list[tuple[str, str]], defined: frozenset[str]) -> dict[str, str]:
    """The defined parameters, each sent once; those sent empty are left out."""
    seen: dict[str, str] = {}
    for name, value in pairs:
        if name in defined:
            if len(value) > VALUE_LENGTH_MAX:
                raise InvalidRequest(
                    f"The parameter {name} is longer than {VALUE_LENGTH_MAX} characters.", check="request.value_length"
                )
            seen[name] = _again(name, seen[name], value) if name in seen else value
    return seen if all(seen.values()) else {name: value for name, value in seen.items() if value}


def _again(name: str, value: str, other: str) -> str:
    """The value of a parameter that stands there once more."""
    if name != REPEATABLE:
        raise InvalidRequest(f"The parameter {name} was sent twice. Send it once.")
    if not value or not other:
        return value or other
    return value if other in value.split(" ") else f"{value} {other}"


def printable(value: str, length_max: int) -> bool:
    """Whether a value is printable ASCII (VSCHAR, RFC 6749 appendix A) of at most `length_max` characters."""
    return len(value) <= length_max and value.isascii() and value.isprintable()
