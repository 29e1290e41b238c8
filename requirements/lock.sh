#!/usr/bin/env bash
# Compiles the pinned and hashed lock files from pyproject.toml: one for developers, one for the demo, and one per
# extra so that each can be installed and tested alone. `make lock` calls it; it needs `uv` on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet "$@"
}
compile pyproject.toml requirements/build.in --extra dev -o requirements/dev.lock
compile pyproject.toml requirements/build.in --extra edge --extra gateway --extra cloud --extra sim \
  -c requirements/dev.lock -o requirements/demo.lock
for extra in models edge gateway cloud sim render; do
  compile pyproject.toml requirements/build.in --extra "$extra" --extra test \
    -c requirements/dev.lock -o "requirements/$extra.lock"
done
