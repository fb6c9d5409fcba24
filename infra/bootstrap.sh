#!/usr/bin/env bash
# System packages that Huzhu needs on Debian: text layout for letters, fonts, PDF tools, a browser, graphs.
# As root they are installed; otherwise the command is printed for someone who may.
set -euo pipefail

packages=(
  libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0   # WeasyPrint
  fonts-noto-cjk fonts-arphic-ukai                       # Chinese faces, rare name characters
  poppler-utils                                          # pdftotext, pdftoppm, pdfsig: tests look at letters
  mupdf-tools                                            # a second renderer that must show the same letter
  default-jdk-headless libjaxb-java                      # veraPDF: tests prove PDF/A and PDF/UA
  graphviz                                               # pictures of the machines
  chromium                                               # browser tests and screenshots
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "This is not Debian. Please install the counterparts of: ${missing[*]}" >&2
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "These system packages are missing; please run as root:" >&2
  echo "  apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install --yes -qq --no-install-recommends "${missing[@]}" >/dev/null
