"""Masks beside pictures: how they are found, what their values mean, and what is refused before training."""
