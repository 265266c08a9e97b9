"""Heads that answer for each pixel: what lies between the backbone's stages and the logits, a file each."""
