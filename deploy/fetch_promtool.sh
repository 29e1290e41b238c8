#!/usr/bin/env bash
# Makes sure that the tests find promtool, which checks Prometheus' configuration: the system's own, or Debian's under build/.
set -euo pipefail
cd "$(dirname "$0")/.."
for found in "$(command -v promtool || true)" build/prometheus/usr/bin/promtool; do
  [ -n "$found" ] && [ -x "$found" ] && exit 0
done
echo "Fetching promtool for the tests ..."
deploy/fetch_debian.sh build/prometheus --no-depends prometheus && rm -f build/prometheus/usr/bin/prometheus || {
  echo "warning: no promtool: its test will be skipped. Install it (Debian: apt-get install prometheus) to run it." >&2; }
