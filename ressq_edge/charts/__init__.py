"""Where everything that is drawn is drawn, with matplotlib: one palette, one style, one way into a file or a page."""
