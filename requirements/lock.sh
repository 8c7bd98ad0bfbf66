#!/bin/sh
# Pins every dependency with hashes, for every platform and Python from 3.11. The files name no addresses.
set -eu
uv=$(realpath "$1")
cd "$(dirname "$0")"
pin() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade "$@"; }
pin build.in -o build.txt
pin ../pyproject.toml -o runtime.txt
pin -c runtime.txt --extra otel ../pyproject.toml -o otel.txt
pin -c otel.txt dev.in -o dev.txt
pin -c dev.txt tools.in -o tools.txt
pin generators.in -o generators.txt
