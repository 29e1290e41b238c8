#!/usr/bin/env bash
# Prints the path of a street scene that Debian's package opencv-doc carries (vtest.avi), fetched through apt once:
#   make demo VIDEO="$(deploy/demo_video.sh)"
set -euo pipefail
cd "$(dirname "$0")/.."
kept=build/video/vtest.avi
system=/usr/share/doc/opencv-doc/examples/data/vtest.avi
if [ ! -f "$kept" ]; then
  mkdir -p build/video
  if [ -f "$system" ]; then
    cp "$system" "$kept"
  else
    echo "Fetching a street scene (Debian's opencv-doc, 96 MB, once) ..." >&2
    unpacked=$(mktemp -d); trap 'rm -rf "$unpacked"' EXIT
    if ! deploy/fetch_debian.sh "$unpacked" --no-depends opencv-doc >&2; then
      echo "error: the street scene cannot be fetched; the demo runs on its own footage without it: make demo" >&2
      exit 1
    fi
    cp "$unpacked$system" "$kept.part" && mv "$kept.part" "$kept"
  fi
fi
echo "$PWD/$kept"
