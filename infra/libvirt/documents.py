"""Reads libvirt's XML."""

from typing import Any

from lxml import etree

from infra.errors import failed

# Definitions are a few kilobytes: no entities, nothing from elsewhere.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)


def parse(text: str, subject: str) -> Any:
    """Return the root element; InfraError when it is not XML."""
    try:
        return etree.fromstring(text.encode(), _PARSER)
    except etree.XMLSyntaxError as error:
        raise failed(
            subject, expected="XML", found=str(error), advice="look at it with virsh dumpxml"
        ) from None


def write(element: Any) -> str:
    """Return an element as text."""
    return str(etree.tostring(element, pretty_print=True, encoding="unicode"))


def attribute(root: Any, path: str, name: str) -> str | None:
    """Return an attribute of the first element at a path, or None."""
    found = root.find(path)
    return None if found is None else found.get(name)


def words(root: Any, path: str) -> str:
    """Return the text of the first element at a path; nothing when there is none."""
    return str(root.findtext(path) or "").strip()
