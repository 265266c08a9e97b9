"""From a training run to self-describing artefacts: ONNX and TFLite, float and int8, each checked."""
