#!/bin/bash
# try_pillow.sh [VERSION...]  - runs the runtime's tests of files with each of these releases of Pillow
#
# What `ressq_runtime.decoding.jpeg` knows is what passed here. The oldest needs Python 3.11 (PYTHON names another).
# One environment with pytest, and a folder of its own for each release, in build/pillow.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3.11} home=build/pillow
[ $# -gt 0 ] || set -- 9.4.0 9.5.0 10.0.0 10.0.1 10.1.0 10.2.0 10.3.0 10.4.0 11.0.0 11.1.0 11.2.1 11.3.0 12.0.0 12.1.0 12.1.1 12.2.0 12.3.0 13.0.0
[ -x $home/env/bin/pytest ] || {
  "$python" -m venv $home/env
  $home/env/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8'
}
for version; do
  [ -d "$home/$version" ] || {
    $home/env/bin/python -m pip install -q --disable-pip-version-check --no-deps --only-binary=:all: \
      --target "$home/$version.part" "pillow==$version"
    mv "$home/$version.part" "$home/$version"
  }
  export PYTHONPATH=$home/$version:runtime PYTHONDONTWRITEBYTECODE=1
  $home/env/bin/python -c 'import PIL; print("Pillow", PIL.__version__)'
  $home/env/bin/python -m pytest -q -p no:cacheprovider tests/runtime/test_jpeg.py tests/runtime/test_jpeg_damage.py \
    tests/runtime/test_metadata.py tests/runtime/test_tiff_*.py | tail -n 15
done
