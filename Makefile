# Every target does its own set-up; a second call has little left to do.
#   make demo             photos to a classifier on real solar cells: train, export, classify, measure
#   make demo DATA=folder the same on your photos (one folder per class)
#   make test             check, then all tests
#   make pi-test          the runtime on emulated Raspberry Pis
#   make fuzz SECONDS=300 each reader of untrusted files against mutated input
#   make check            formatting, lint, types, layers

VENV := .venv
RUN := $(VENV)/bin/
INSTALLED := $(VENV)/.installed
SOURCES := runtime/ressq_runtime ressq_edge export/ressq_export tools tests

.PHONY: demo test pi-test fuzz check setup mediapipe-env litert-env clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml runtime/pyproject.toml tools/find-python.sh
	@python="$$(tools/find-python.sh)" && { test -x $(RUN)python || "$$python" -m venv $(VENV); }
	@echo "installing torch, onnx2tf and the others: about 6 GB and two minutes, once"
	$(RUN)python -m pip install --quiet --disable-pip-version-check -e ./runtime -e '.[export,demo,dev]'
	@touch $@

demo: $(INSTALLED)
	$(RUN)python tools/demo.py $(if $(DATA),--data "$(DATA)") $(if $(INIT),--init "$(INIT)")

check: $(INSTALLED)
	$(RUN)ruff format --check $(SOURCES)
	$(RUN)ruff check $(SOURCES)
	$(RUN)mypy
	$(RUN)lint-imports --no-cache

test: check
	$(RUN)python -m pytest -q -m "not pi"

# On emulated boards (x86-64 Debian 12, root): fails where they can't be set up.
pi-test: $(INSTALLED)
	tools/pi/pi.sh setup
	$(RUN)python -m pytest -q -m pi tests/pi

SECONDS := 300
fuzz: $(INSTALLED)
	@for target in card zip protobuf flatbuffer artefact picture; do \
		$(RUN)python tests/fuzz/run.py $$target --seconds $(SECONDS) || exit 1; done

# MediaPipe overwrites files of onnx2tf's OpenCV, so it lives apart: the foreign client our .tflite must please.
mediapipe-env: .venv-mediapipe/.installed

.venv-mediapipe/.installed: tools/find-python.sh
	"$$(tools/find-python.sh)" -m venv .venv-mediapipe
	.venv-mediapipe/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==1.2.2
	@touch $@

# litert-benchmark comes with releases that onnx2tf does not allow: the independent clock of tests/runtime/test_agreement.py.
litert-env: .venv-litert/.installed

.venv-litert/.installed: tools/find-python.sh
	"$$(tools/find-python.sh)" -m venv .venv-litert
	.venv-litert/bin/python -m pip install --quiet --disable-pip-version-check ai-edge-litert==2.3.0 'pillow>=9.4'
	@touch $@

clean:
	rm -rf $(VENV) .venv-mediapipe .venv-litert demo build *.egg-info runtime/*.egg-info runtime/build
