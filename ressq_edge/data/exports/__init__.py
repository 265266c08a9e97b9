"""Exports of annotation tools: read one module a format, drawn as masks, written as images/, masks/ and classes.csv."""
