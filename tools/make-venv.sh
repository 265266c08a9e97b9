#!/bin/sh
# Makes the virtual environment $1, unless it is there, and gives it pip: one that `uv venv` made has none.
[ -x "$1/bin/python" ] || { python="$("$(dirname "$0")/find-python.sh")" && "$python" -m venv "$1"; } || exit 1
"$1/bin/python" -m pip --version >/dev/null 2>&1 || "$1/bin/python" -m ensurepip >/dev/null 2>&1 || {
  echo "$1: found no pip, and its Python has no ensurepip to make one; delete $1 and call make again" >&2
  exit 1
}
