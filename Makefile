# Every target does its own set-up; a second call has little left to do.
#   make demo             photos to a classifier on real solar cells: train, export, classify, measure
#   make demo DATA=folder the same on your photos (one folder per class)
#   make demo-segment     pictures with masks to class maps on real solar cells (DATA=folder: on yours)
#   make demo-series      recordings of a watch to exercises, people held out, to a stream that answers (DATA=folder: on yours)
#   make test             check, then all tests
#   make pi-test          the runtime on emulated Raspberry Pis
#   make bench            the short form of every benchmark, on one page: bench/report.html
#   make pi-bench         what an answer costs on each Pi, in instructions, against the committed counts
#   make litert-versions  LiteRT's C API against Interpreter, with every release that is used
#   make pillow-versions  pictures' files with every release of Pillow that is used (needs python3.11)
#                         (both with IF_CHANGED=1: the oldest and the newest, where nothing that touches them changed)
#   make fuzz SECONDS=300 each reader of untrusted files against mutated input
#   make check            formatting, lint, types, layers

SHELL := bash
VENV := .venv
RUN := $(VENV)/bin/
INSTALLED := $(VENV)/.installed
SOURCES := runtime/ressq_runtime ressq_edge export/ressq_export benchmarks tools tests

.PHONY: demo demo-segment demo-series test bench pi-setup pi-test pi-bench pillow-versions fuzz check setup mediapipe-env litert-env onnx-env litert-versions clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml tools/find-python.sh tools/make-venv.sh
	@tools/make-venv.sh $(VENV)
	@echo "installing torch, onnx2tf and the others: about 6 GB and two minutes, once"
	$(RUN)python -m pip install --quiet --disable-pip-version-check -e '.[export,demo,dev]'
	@touch $@

demo: $(INSTALLED)
	$(CLOCK) $(RUN)python tools/demo.py $(if $(DATA),--data "$(DATA)") $(if $(INIT),--init "$(INIT)")

demo-segment: $(INSTALLED)
	$(CLOCK) $(RUN)python tools/demo_segment.py $(if $(DATA),--data "$(DATA)") $(if $(INIT),--init "$(INIT)")

demo-series: $(INSTALLED)
	$(CLOCK) $(RUN)python tools/demo_series.py $(if $(DATA),--data "$(DATA)") $(if $(GROUP_BY),--group-by "$(GROUP_BY)")

check: $(INSTALLED)
	$(RUN)ruff format --check $(SOURCES)
	$(RUN)ruff check $(SOURCES)
	$(RUN)mypy
	$(RUN)lint-imports --no-cache

test: check
	$(CLOCK) $(RUN)python -m pytest -q -m "not pi"

# On emulated boards (x86-64 Debian 12, root): fails where they can't be set up.
pi-setup:
	tools/pi/pi.sh setup

pi-test: $(INSTALLED) pi-setup
	$(CLOCK) $(RUN)python -m pytest -q tests/pi

pi-bench: $(INSTALLED) pi-setup
	$(CLOCK) $(RUN)python benchmarks/pi.py --board pi5 --board pi4 --board pi3 --board pi2-32 --check

bench: demo
	$(RUN)python benchmarks/run_all.py

SECONDS := 300
fuzz: $(INSTALLED)
	@for target in card zip protobuf flatbuffer artefact picture; do \
		$(RUN)python tests/fuzz/run.py $$target --seconds $(SECONDS) || exit 1; done

# MediaPipe overwrites files of onnx2tf's OpenCV, so it lives apart: the foreign client our .tflite must please.
mediapipe-env: .venv-mediapipe/.installed

.venv-mediapipe/.installed: tools/find-python.sh Makefile
	"$$(tools/find-python.sh)" -m venv .venv-mediapipe
	.venv-mediapipe/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==1.2.2
	@touch $@

# litert-benchmark comes with releases that onnx2tf does not allow: the independent clock of tests/runtime/test_agreement.py.
litert-env: .venv-litert/.installed

.venv-litert/.installed: tools/find-python.sh Makefile
	"$$(tools/find-python.sh)" -m venv .venv-litert
	.venv-litert/bin/python -m pip install --quiet --disable-pip-version-check ai-edge-litert==2.3.0 'pillow>=9.4'
	@touch $@

# ONNX Runtime reports to its maker from 1.29 on, and onnx2tf pins an older one: what tests/runtime/test_telemetry.py runs.
onnx-env: .venv-onnx/.installed

.venv-onnx/.installed: tools/find-python.sh Makefile
	"$$(tools/find-python.sh)" -m venv .venv-onnx
	.venv-onnx/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 'pillow>=9.4'
	@touch $@

litert-versions: $(INSTALLED)
	$(CLOCK) $(RUN)python tools/litert_versions.py $(if $(IF_CHANGED),--if-changed)

pillow-versions: $(INSTALLED)
	$(CLOCK) $(RUN)python tools/pillow_versions.py $(if $(IF_CHANGED),--if-changed)

clean:
	rm -rf $(VENV) .venv-mediapipe .venv-litert .venv-onnx .venv-litert-versions .peers bench demo build *.egg-info runtime/*.egg-info runtime/build
