#!/usr/bin/env bash
# Fetches Debian packages through apt and unpacks them into a folder, without installing anything and without root.
# usage: fetch_debian.sh FOLDER [--no-depends] PACKAGE...
set -euo pipefail
folder=$1; shift
depends=yes
if [ "${1:-}" = --no-depends ]; then depends=no; shift; fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
  echo "no apt here: cannot fetch $*" >&2; exit 3; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
apt=(apt-get -qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o Debug::NoLocking=1 -o APT::Sandbox::User=)
"${apt[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 4; }
if [ "$depends" = yes ]; then
  "${apt[@]}" install --download-only --no-install-recommends -y "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 4; }
else
  (cd "$work/archives" && "${apt[@]}" download "$@" >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 4; }
fi
for package in "$work"/archives/*.deb; do dpkg-deb --extract "$package" "$folder"; done
