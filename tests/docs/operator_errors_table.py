"""The table of codes in docs/operator-errors.md, made from the sentences and the places that raise them.

`python -m tests.docs.operator_errors_table` brings the file up to date.
"""

from tessera.app.operator_errors import SENTENCES
from tests.architecture.modules import ROOT
from tests.architecture.test_operator_errors import parameters

BEGIN = "<!-- errors: begin (made by `python -m tests.docs.operator_errors_table`) -->\n"
END = "<!-- errors: end -->\n"

PAPER = ROOT / "docs" / "operator-errors.md"


def table() -> str:
    """The table as it should be: code, sentence and parameters of every error."""
    given = {code: sorted(frozenset[str]().union(*places)) for code, places in parameters().items()}
    rows = [
        f"| `{code}` | {sentence} | {', '.join(f'`{name}`' for name in given[code])} |"
        for code, sentence in SENTENCES.items()
    ]
    return "\n".join(["| code | sentence | parameters |", "|---|---|---|", *rows, ""])


def brought_up_to_date(text: str) -> str:
    """The text of the paper with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAPER.write_text(brought_up_to_date(PAPER.read_text("utf-8")), "utf-8")
