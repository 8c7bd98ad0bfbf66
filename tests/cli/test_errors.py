"""Wrong usage and refusals, held word by word in one golden; `TESSERA_GOLDENS=write` writes it anew."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command import CLEAN, folder_with_application

GOLDEN = Path(__file__).parent / "goldens" / "errors.txt"

COMMANDS = (
    "nonsense",
    "apps lst",
    "apps create",
    "apps create Partner",
    "apps create Old --client-id {hex} --client-secret-stdin",
    "apps create Two --scope a\\b",
    "apps create Two --token-lifetime soon",
    "apps create Two --token-lifetime 0",
    "apps create Two --query-credentials maybe",
    "apps create Two --org Nobody",
    "apps show Nobody",
    "apps set Partner",
    "apps enable Partner",
    "apps delete Partner",
    "apps secrets add Partner --name first",
    "apps secrets add Partner --expires yesterday",
    "apps secrets expire Partner second",
    "apps secrets expire Partner first",
    "apps secrets expire Partner first --in 1d --at 2030-01-01",
    "orgs create Aurora",
    "orgs create Café",
    "customers import missing.csv",
    "token request",
    "token revoke 00",
    "serve --port http",
    "serve --port 70000",
    "serve --workers 0",
    "serve --host 192.0.2.1",
    "migrate --data-dir {folder}/nothing",
    "apps list --data-dir {folder}/nothing",
    "doctor --data-dir {folder}/nothing",
)

_RUN_ALL = """
import contextlib, io, json, sys
from tessera.cli import main
given = json.load(sys.stdin)
sys.stdin = io.StringIO("a secret that people made up")
ends = []
for command in given:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(command)
            code = 0
        except SystemExit as end:
            code = end.code
    sys.stdin.seek(0)
    ends.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ends))
"""


def test_every_error_is_as_the_golden_says(tmp_path: Path) -> None:
    """The words and the exit code of each error are what was agreed on."""
    folder, _ = folder_with_application(tmp_path)
    texts = [command.format(hex="0" * 64, folder=folder) for command in COMMANDS]
    commands = [[*text.split(), *([] if "--data-dir" in text else ["--data-dir", str(folder)])] for text in texts]
    ended = subprocess.run(
        [sys.executable, "-c", _RUN_ALL],
        input=json.dumps(commands).encode(),
        capture_output=True,
        env={**CLEAN, "COLUMNS": "100"},
        check=True,
    )
    shown = "\n".join(
        f"$ tessera {text}\n{out}{err}[{code}]\n"
        for text, (code, out, err) in zip(COMMANDS, json.loads(ended.stdout), strict=True)
    )
    shown = re.sub(r" +$", "", shown.replace(str(folder), "FOLDER"), flags=re.MULTILINE)
    if os.environ.get("TESSERA_GOLDENS") == "write":
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()
