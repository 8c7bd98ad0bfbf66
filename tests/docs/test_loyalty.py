"""The program in docs/loyalty.md is one, and comes to what is printed below it."""

import re
from pathlib import Path

from tests.cli.command import run
from tests.docs.fences import fences


def test_the_printed_program_comes_to_the_printed_plan(tmp_path: Path) -> None:
    """The whole example applies to an empty database, with the lines that the paper shows, and shows no difference."""
    example, plan = [fence.text for fence in fences("docs/loyalty.md") if fence.language in {"yaml", "diff"}]
    file, folder = tmp_path / "program.yaml", tmp_path / "data"
    file.write_text(example)
    run("orgs", "create", "Other", "--data-dir", folder)

    done = run("loyalty", "apply", file, "--yes", "--data-dir", folder)

    assert (done.code, re.sub(r"retailer_id [0-9a-f-]+", "", done.out)) == (
        0,
        re.sub(r"retailer_id [0-9a-f-]+", "", plan),
    )
    assert run("loyalty", "apply", file, "--data-dir", folder).out == ""
