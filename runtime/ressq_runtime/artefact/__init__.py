"""The artefact: a model file with its labels and its card inside."""
