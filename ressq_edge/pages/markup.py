"""HTML elements as a tree: whatever a folder or a class is called, the library that writes the tree escapes it."""

from xml.etree.ElementTree import Element, tostring

Child = Element | str | None


def element(name: str, /, *children: Child, **attributes: str) -> Element:
    """`<name attribute="...">children</name>`; None is left out; `class_` is class, `data_x` is data-x."""
    made = Element(name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif child is not None and last is None:
            made.text = (made.text or "") + child
        elif child is not None and last is not None:
            last.tail = (last.tail or "") + child
    return made


def label(text: str) -> Element:
    """A name that somebody else chose: in a direction of its own, so that it cannot turn the words around it."""
    return element("bdi", text)


def to_html(root: Element) -> bytes:
    """The document, UTF-8; half a surrogate, of a file name that is no UTF-8, becomes a question mark."""
    return b"<!doctype html>\n" + tostring(root, encoding="unicode", method="html").encode("utf-8", "replace")
