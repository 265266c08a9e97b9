#!/bin/sh
# Prints a Python from 3.12 to 3.13 that really runs and can make a virtual environment, or says what is missing.
# A `python3.12` on the PATH may be a shim that exits 127, so each candidate is tried, not looked at.
works() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}
for candidate in "$PYTHON" python3.12 python3.13 python3 python \
  "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python3.13 \
  /usr/local/bin/python3.12 /usr/local/bin/python3.13 /opt/homebrew/bin/python3.12 /opt/homebrew/bin/python3.13; do
  [ -n "$candidate" ] && works "$candidate" && { echo "$candidate"; exit 0; }
done
echo "found no Python 3.12 or 3.13 that runs and has venv; install one (Debian, Ubuntu: python3.12-venv;" \
  "macOS: brew install python@3.12; anywhere: uv python install 3.12) or name it: make PYTHON=/path/to/python3.12" >&2
exit 1
