"""Pages for a person: one self-contained HTML file each, no script, no address; they open from disk and print."""
