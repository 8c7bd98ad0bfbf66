"""The benchmark as a command: its table, its result file, and what it says when it cannot run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.folders import Caller, Folder

from bench import kinds, processes, wrk
from tests.support.programs import program
from tests.support.server import Server

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS_MAX = 600

WITH_TARGET = {
    "token_query": 0.60,
    "profile": 0.45,
    "tier_status": 0.35,
    "token_query_many": 0.9,
    "profile_many": 0.9,
    "tier_status_many": 0.9,
    "token_query_rotating": 0.60,
    "memory": 120,
    "memory_many": 120,
    "start": 1.5,
    "start_many": 1.5,
    "growth_bytes": 0,
}
AT_MOST = {"memory", "memory_many", "start", "start_many", "growth_bytes"}
UNDER_LOAD = {name for name in WITH_TARGET if name not in AT_MOST} | {"bare"}


def bench(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark as its user does."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *flags],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )


def test_a_short_run_writes_a_result_file_with_every_line_and_its_verdict(tmp_path: Path) -> None:
    """A short run prints the table and writes one file twice, which names the machine and judges each target."""
    program("wrk")
    only = "token_query,profile,tier_status,many,rotation,start,growth"
    flags = ["--quick", "--rounds", "1", "--seconds", "0.3", "--applications", "200", "--only", only]

    ended = bench(*flags, "--results", str(tmp_path / "results"))

    assert ended.returncode == 0, ended.stderr
    assert "bare handler" in ended.stdout
    assert "met" in ended.stdout or "missed" in ended.stdout
    latest, dated = sorted((tmp_path / "results").iterdir(), key=lambda path: path.name, reverse=True)
    assert latest.name == "latest.json"
    assert latest.read_bytes() == dated.read_bytes()
    written = json.loads(latest.read_bytes())
    check_run(written)
    check_lines({line["name"]: line for line in written["lines"]})


def check_run(written: dict[str, Any]) -> None:
    """What the run was, and where."""
    assert (written["rounds"], written["seconds"], written["applications"]) == (1, 0.3, 200)
    assert {"python", "uvicorn", "uvloop", "msgspec", "cryptography", "sqlite", "wrk"} <= set(
        written["machine"]["versions"]
    )
    assert {"cpu", "cores", "kernel"} <= set(written["machine"])
    assert written["measured_at"].endswith("Z")


def check_lines(lines: dict[str, dict[str, Any]]) -> None:
    """Every line is there, and its verdict follows from its figure."""
    assert {name: line["target"] for name, line in lines.items() if line["target"] is not None} == WITH_TARGET
    for name, target in WITH_TARGET.items():
        measured = lines[name]["measured"]
        assert lines[name]["met"] is (measured <= target if name in AT_MOST else measured >= target)
    for name in UNDER_LOAD:
        assert lines[name]["requests_per_second"] > 0
        assert 0 < lines[name]["p50_ms"] <= lines[name]["p99_ms"]
        assert lines[name]["memory_mib"] > 10
        assert lines[name]["cpu_us"] > 1
        assert len(lines[name]["samples"]) >= 1
    assert lines["growth_tokens"]["measured"] > 0
    assert lines["rotations"]["measured"] > 0
    assert lines["cold"]["measured"] > 0


def test_signatures_are_measured_beside_the_signature_alone(tmp_path: Path) -> None:
    """Each case has its line, with a target for EdDSA only; no assertion is sent twice, or a refusal would end it."""
    program("wrk")
    ended = bench("--quick", "--seconds", "0.3", "--only", "token_form,signed", "--results", str(tmp_path))

    assert ended.returncode == 0, ended.stderr
    lines = {line["name"]: line for line in json.loads((tmp_path / "latest.json").read_bytes())["lines"]}
    for name in ("assertion", "jwt"):
        assert (lines[f"{name}_eddsa"]["target"], lines[f"{name}_es256"]["target"]) == (0.7, None)
        for algorithm in ("eddsa", "es256"):
            alone, beside = lines[f"{name}_{algorithm}"], lines[f"{name}_{algorithm}_beside"]
            assert 0 < alone["measured"] < beside["measured"]
            assert alone["requests_per_second"] > 0


def test_a_refusal_under_load_ends_the_run_and_is_told(server: Server, tmp_path: Path) -> None:
    """Load whose answers are refusals gives no figures, but an error that says what the refusals were."""
    program("wrk")
    measured = processes.Server("the server under test", server.process, server.port)
    nobody = Folder(tmp_path, [Caller("0" * 64, "1" * 64)], "", "", [])
    requests = kinds.token_requests(nobody, kinds.TOKEN_QUERY, tmp_path / "requests")

    with pytest.raises(processes.BenchError, match=r"refused 401 .*invalid_client"):
        wrk.load(measured, requests, 0.2)


def test_without_wrk_it_says_in_one_sentence_how_to_get_it(tmp_path: Path) -> None:
    """Where wrk is missing, one sentence names the package, the code is 1, and nothing is written."""
    ended = bench("--results", str(tmp_path / "results"), PATH=str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "apt-get install wrk" in ended.stderr
    assert not (tmp_path / "results").exists()


def test_a_name_that_nothing_has_is_refused() -> None:
    """`--only` with a name that is neither a kind nor a part is an error, not an empty run."""
    ended = bench("--only", "tokens_by_pigeon")

    assert ended.returncode != 0
    assert "tokens_by_pigeon" in ended.stderr
