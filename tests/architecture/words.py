"""Rules of words: no loose ends, no machine's paths, no registry, and refusals in characters that may be quoted.

The words that are looked for are put together from parts, so that this file does not hold them.
"""

import ast
import re

from tests.architecture.modules import Module

_LOOSE_END = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")

_ELSEWHERE = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:work|root|home)/" + r"\w",
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
            "index" + "-url",
            "npmjs" + r"\.(?:com|org)",
        )
    )
)

REFUSAL_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""`error_description` (RFC 6749 section 5.2): printable ASCII without the double quote and the backslash."""


def loose_end(text: str) -> list[str]:
    """What is not done is written where work is planned, not in the code."""
    return [f"says {found}" for found in _LOOSE_END.findall(text)]


def elsewhere(text: str) -> list[str]:
    """The house knows no machine it was built on, and no registry it was installed from."""
    return [f"mentions {found}" for found in _ELSEWHERE.findall(text)]


def unquotable(module: Module, refusals: frozenset[str]) -> list[str]:
    """The public text of a refusal stands in JSON and in a quoted header value alike."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in refusals and node.args:
            found += [
                f"line {node.lineno} has a character outside RFC 6749 section 5.2: {text!r}"
                for text in _constants(node.args[0])
                if not REFUSAL_TEXT.fullmatch(text)
            ]
    return found


def _constants(node: ast.expr) -> list[str]:
    """The literal parts of a text; what is put in by name is the caller's to check."""
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _constants(value)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
