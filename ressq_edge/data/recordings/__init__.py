"""Recordings of sensors in folders of classes: how they are found, read, parted and cut into windows; no network."""
