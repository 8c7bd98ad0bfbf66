"""What the fuzzer is told of the world it calls: it loads this file before it begins (see test_conformance.py).

Where the document has a member or a parameter whose name is known, such as `retailer_id`, three calls in four carry
the value of the demonstration instead of a made-up one, so that there is something to answer about; what deletes gets
a value of something that nobody else needs. Three calls in four are authenticated, in the way that the operation asks
for; the others as nobody, or, where a client is asked for, as one that is not known.
"""

import base64
import json
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

TOLD: dict[str, Any] = json.loads(os.environ["FUZZER_TOLD"])
"""`values` by name and `doomed`, which take their place in what deletes; the headers `platform` and `client`; and
`heard`: where to note what was answered."""

NOBODY = "Basic " + base64.b64encode(b"nobody:nothing").decode()

CALLS: Counter[str] = Counter()
"""How often each operation was called."""


def told(value: Any, known: dict[str, str]) -> Any:
    """A value with what is known in place of what was made up, at any depth."""
    if isinstance(value, dict):
        return {name: _known(known[name], each) if name in known else told(each, known) for name, each in value.items()}
    return [told(each, known) for each in value] if isinstance(value, list) else value


def _known(known: str, value: Any) -> Any:
    """What is known, or a list of it where a list of texts was made up."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return [known]
    return known if isinstance(value, str) else value


@schemathesis.hook
def before_call(_context: Any, case: Any, _arguments: Any) -> None:
    """Put known values into a call, for which calls depends on the call alone; and credentials, but each 4th time."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    if chance % 4:
        values = TOLD["values"] | (TOLD["doomed"] if case.method == "DELETE" else {})
        case.path_parameters = told(case.path_parameters, values)
        case.query = told(case.query, values)
        case.body = told(case.body, values)
    schemes = {name for each in case.operation.definition.raw["security"] for name in each}
    CALLS[case.operation.label] += 1
    if CALLS[case.operation.label] % 4:
        case.headers["Authorization"] = TOLD["client" if "client" in schemes else "platform"]
    elif "client" in schemes:
        case.headers["Authorization"] = NOBODY


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Note what was answered."""
    with Path(TOLD["heard"]).open("a", encoding="utf-8") as heard:
        heard.write(f"{case.operation.definition.raw['operationId']} {response.status_code}\n")
