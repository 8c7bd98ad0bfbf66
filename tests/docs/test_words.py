"""The words of the documentation are those of the field: what a reader searches for is found."""

import re

import pytest

from tests.architecture.modules import texts

FIELD = {
    r"houses?": "application context",
    r"floors?": "layer",
    r"rooms|the room": "package",
    r"laws?": "domain rules",
    r"deeds?": "operation",
    r"papers?": "documentation",
    r"rails?": "limit, rate limit, quota, network allowlist",
    r"watched": "report-only",
    r"floods?": "brute-force protection, failed attempts",
    r"pac(?:e|es|ing)": "rate, token bucket",
    r"dut(?:y|ies)": "singleton task, lease",
    r"told only": "informational",
    r"behaviours?": "activity counters",
    r"happenings?": "event types",
    r"succession|follow one another": "key rotation",
    r"(?:enclose|disclose)[sd]?": "encrypt, decrypt",
    r"dead(?! rows?\b)": "inactive or revoked; dead rows are PostgreSQL's own word",
    r"live tokens?|in life": "valid token",
    r"opens? the door": "is accepted",
    r"borne?": "is allowed, is tolerated",
    r"forg[eo]t\w* (?:a|the|this|that) customers?|customers? (?:is|was|were) forgotten": "erase, erasure",
    r"proves? (?:itself|themselves)": "authenticates",
    r"handed? (?:it |them |over|the )": "give, pass",
    r"brought along": "imported",
    r"evidence": "presented credentials",
    r"lanes?": "commit queue, worker",
    r"whoever": "the role: the caller, the operator, a person who",
    r"as many as there are": "the number with its noun: N times the limit on N nodes",
}
"""Words that say nothing to a reader who is new here, with the words that do."""

PAGES = sorted(
    path
    for path in texts()
    if re.fullmatch(r"README\.md|ARCHITECTURE\.md|docs/[\w-]+\.md|deploy/helm/tessera/values\.yaml", path)
)
"""The documentation, and the values of the chart, whose comments describe them."""

_CODE = re.compile(r"^```.*?^```$|`[^`]*`|\]\([^)]*\)|^<!--.*?-->$|^\| `tessera_[^\n]*$", re.MULTILINE | re.DOTALL)
"""What is no prose: examples, names, the targets of links, and the rows of metrics, which have names of labels."""


def invented(text: str) -> list[str]:
    """Words in the prose of a page for which the field has a better one."""
    prose = _CODE.sub("", text)
    return [
        f"{found[0]}: say {better}"
        for word, better in FIELD.items()
        for found in re.finditer(rf"\b(?:{word})\b", prose, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", PAGES)
def test_words_are_those_of_the_field(path: str) -> None:
    """A page uses the standard term, except in names, examples and links."""
    assert invented(texts()[path]) == []


def test_an_invented_word_is_seen() -> None:
    """An invented word in prose is complained about; the same word as a name is not."""
    assert invented("The guard rails of a dead token, whoever sends it.") != []
    assert invented("The metric `tessera_rails_total` ([limits](rails.md)) and dead rows.") == []
    assert invented("| `tessera_x` | gauge | duty |\n\nNobody does a duty.") == ["duty: say singleton task, lease"]
