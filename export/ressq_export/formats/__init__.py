"""The file formats: ONNX and TFLite, float and int8, and the metadata inside."""
