"""Generators of clients, at pinned versions: each makes a client of a document in a folder, where it is compiled.

What they need is installed once, for each version of what they are pinned by, below the environment of the tests.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests.architecture.modules import ROOT
from tests.clients.trials import INSTALLED, install_node, put_in_place, run
from tests.support.programs import program

SOURCES = Path(__file__).parent / "generated"
PINNED = ROOT / "requirements" / "generators.txt"
ONLY_SOURCES = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
TOLERANT = "disallowAdditionalPropertiesIfNotPresent=false"
"""Members that a client does not know are ignored, not refused: docs/api.md says so to whoever generates one."""

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

Trial = Callable[[Path, Path], tuple[list[str], Path]]
"""Makes a client of a document in a folder, and compiles it: the command that uses it, and where to start that."""


def python() -> Path:
    """The Python of an environment with the generators, and with what the clients stand on."""
    folder = INSTALLED / f"generators-{_digest(PINNED)}"
    if not folder.is_dir():
        fresh = INSTALLED / f"{folder.name}.{os.getpid()}"
        run([sys.executable, "-m", "venv", str(fresh)], ROOT, {})
        pip = [str(fresh / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--require-hashes", "-r", str(PINNED)], ROOT, {})
        put_in_place(fresh, folder)  # once it is moved, its programs are found as modules only
    return folder / "bin" / "python"


def java_libraries() -> Path:
    """The folder of the libraries of the Java client."""
    source = SOURCES / "java" / "pom.xml"
    folder = INSTALLED / f"java-{_digest(source)}"
    if not folder.is_dir():
        fresh = INSTALLED / f"{folder.name}.{os.getpid()}"
        command = [program("mvn"), "-q", "-B", "-f", str(source), COPY, f"-DoutputDirectory={fresh}"]
        run(command, ROOT, {})
        put_in_place(fresh, folder)
    return folder


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def openapi_generator(language: str, document: Path, output: Path, *options: str) -> None:
    """Have the generator make the sources of a client."""
    (jar,) = python().parents[1].glob("lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    command = [program("java"), "-jar", str(jar), "generate", "-g", language, "-i", str(document), "-o", str(output)]
    run([*command, "--global-property", ONLY_SOURCES, *options], output.parent, {})


def openapi_generator_python(document: Path, folder: Path) -> tuple[list[str], Path]:
    """openapi-generator for Python."""
    openapi_generator("python", document, folder / "made")
    run([str(python()), "-m", "compileall", "-q", "."], folder / "made", {})
    return [str(python()), str(SOURCES / "openapi_generator_python.py")], folder / "made"


def openapi_generator_go(document: Path, folder: Path) -> tuple[list[str], Path]:
    """openapi-generator for Go."""
    openapi_generator("go", document, folder / "made", f"--additional-properties=packageName=tessera,{TOLERANT}")
    trial = Path(shutil.copytree(SOURCES / "go", folder / "trial"))
    (trial / "tessera").mkdir()
    for source in (folder / "made").glob("*.go"):
        shutil.copy(source, trial / "tessera")
    return _built_by_go(trial)


def openapi_generator_java(document: Path, folder: Path) -> tuple[list[str], Path]:
    """openapi-generator for Java, on the HTTP client that comes with Java."""
    openapi_generator("java", document, folder / "made", "--library", "native", f"--additional-properties={TOLERANT}")
    libraries = f"{java_libraries()}/*"
    sources = [str(each) for each in (folder / "made" / "src" / "main" / "java").rglob("*.java")]
    trial = str(SOURCES / "java" / "Trial.java")
    run([program("javac"), "-nowarn", "-d", "classes", "-cp", libraries, trial, *sources], folder, {})
    return [program("java"), "-cp", f"classes:{libraries}", "Trial"], folder


def oapi_codegen(document: Path, folder: Path) -> tuple[list[str], Path]:
    """oapi-codegen, for Go."""
    trial = Path(shutil.copytree(SOURCES / "oapi_codegen", folder / "trial"))
    (trial / "tessera").mkdir()
    run([program("go"), "tool", "oapi-codegen", "-config", "config.yaml", str(document)], trial, {})
    return _built_by_go(trial)


def _built_by_go(trial: Path) -> tuple[list[str], Path]:
    run([program("go"), "build", "-trimpath", "-o", "trial", "."], trial, {"CGO_ENABLED": "0"})
    return [str(trial / "trial")], trial


def openapi_python_client(document: Path, folder: Path) -> tuple[list[str], Path]:
    """openapi-python-client; what it would leave out with a warning fails."""
    generate = [str(python()), "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    config = str(SOURCES / "openapi_python_client.yaml")
    run([*generate, "--config", config, "--path", str(document), "--output-path", "tessera_client"], folder, {})
    run([str(python()), "-m", "compileall", "-q", "."], folder, {})
    return [str(python()), str(SOURCES / "openapi_python_client.py")], folder


def openapi_typescript(document: Path, folder: Path) -> tuple[list[str], Path]:
    """openapi-typescript, its types checked by TypeScript as strictly as it can."""
    installed = install_node(SOURCES / "typescript")
    trial = Path(shutil.copytree(SOURCES / "typescript", folder / "trial"))
    (trial / "node_modules").symlink_to(installed / "node_modules")
    for script, *arguments in (
        ("openapi-typescript/bin/cli.js", str(document), "-o", "api.d.ts"),
        ("typescript/bin/tsc",),
    ):
        run([program("node"), f"node_modules/{script}", *arguments], trial, {})
    return [program("node"), "trial.js"], trial


TRIALS: list[Trial] = [
    openapi_generator_python,
    openapi_generator_go,
    openapi_generator_java,
    oapi_codegen,
    openapi_python_client,
    openapi_typescript,
]
