"""A page as Markdown."""

from __future__ import annotations

from page.content import Page, Table


def to_markdown(page: Page) -> str:
    """Title, verdict and alarms first, then the sections; plots are left to the HTML."""
    parts = [f"# {page.title}", f"**{page.verdict}**"]
    if page.alarms:
        parts.append(f"**Do not quote: {'; '.join(page.alarms)}.**")
    for section in page.sections:
        parts.append(f"## {section.title}")
        bullets = all(line.startswith("* ") for line in section.text)
        parts += ["\n".join(section.text)] if bullets and section.text else section.text
        if section.table:
            parts.append(table_to_markdown(section.table))
    return "\n\n".join([*parts, *page.about]) + "\n"


def table_to_markdown(table: Table) -> str:
    """Head, rule, rows."""
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
