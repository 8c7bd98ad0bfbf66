"""The table of settings in docs/settings.md, made from their one declaration.

`python -m tests.docs.settings_table` brings the file up to date.
"""

from typing import Any, get_args

from pydantic.fields import FieldInfo

from tessera.settings import Settings
from tests.architecture.modules import ROOT

BEGIN = "<!-- settings: begin (made by `python -m tests.docs.settings_table`) -->\n"
END = "<!-- settings: end -->\n"

PAPER = ROOT / "docs" / "settings.md"


def table() -> str:
    """The table as it should be: name, environment, default, meaning, for every setting."""
    rows = [
        f"| `{name}` | `TESSERA_{name.upper()}` | {_default(field)} | {_meaning(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | environment | default | what it is |", "|---|---|---|---|", *rows, ""])


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "not set"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(field: FieldInfo) -> str:
    choices = [each for each in get_args(field.annotation) if isinstance(each, str)]
    said = field.description or ""
    return said if not choices or all(each in said for each in choices) else f"{said} One of {', '.join(choices)}."


def brought_up_to_date(text: str) -> str:
    """The text of the paper with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAPER.write_text(brought_up_to_date(PAPER.read_text("utf-8")), "utf-8")
