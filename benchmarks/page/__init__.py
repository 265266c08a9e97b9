"""How every benchmark looks: figures become a page, a page becomes Markdown, plots and one HTML file."""
