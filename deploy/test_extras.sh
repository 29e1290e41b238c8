#!/usr/bin/env bash
# Installs each extra alone in a fresh environment, imports its tier and runs the tier's unit tests there: a store
# device must not need the cloud's packages, nor the cloud the cameras'. Properties are tried briefly: `make test` tries
# them at length. usage: test_extras.sh [EXTRA...]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON_FOUND:-.venv/bin/python}
declare -A tier=([models]=models [edge]=edge [gateway]=gateway [cloud]=cloud [sim]=simulators [render]=simulators/rendering)
for extra in ${@:-models edge gateway cloud sim render}; do
  environment=build/extras/$extra
  stamp=$environment/.installed
  if [ ! -f "$stamp" ] || [ "requirements/$extra.lock" -nt "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    echo "Installing the extra $extra alone ..."
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r "requirements/$extra.lock"
    "$environment/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation -e .
    touch "$stamp"
  fi
  "$environment/bin/python" -c "import ${tier[$extra]//\//.}"
  "$environment/bin/shopthread" --help >/dev/null
  "$environment/bin/python" -m pytest -q -n logical --maxprocesses 4 --dist loadfile -p no:cacheprovider --hypothesis-profile=brief \
    "tests/unit/contracts" "tests/unit/${tier[$extra]}"
done
