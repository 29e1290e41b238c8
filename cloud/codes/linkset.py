"""Link sets and the resolver's description, for machines (GS1-Conformant Resolver 1.2, RFC 9264). Pure."""

from cloud.codes.links import ItemLink

_VOCABULARY = "https://gs1.org/voc/"
LINKSET_MEDIA_TYPE = "application/linkset+json"
DEFAULT_LINK, PRODUCT_PAGE = "defaultLink", "pip"

LinkSet = dict[str, list[dict[str, object]]]


def link_type_of(text: str) -> str:
    """Return a link type without its prefix, as `gs1:pip` and its full address both mean `pip`."""
    return text.removeprefix("gs1:").removeprefix(_VOCABULARY)


def links_of(root: str, item: ItemLink, page_url: str | None) -> dict[str, str]:
    """Return where each link type leads. Without a page of the product's own both lead to the item's page here."""
    own = root + item.path
    return {DEFAULT_LINK: own, PRODUCT_PAGE: page_url or own}


def linkset_of(root: str, item: ItemLink, name: str | None, page_url: str | None) -> LinkSet:
    """Return all links of an item."""
    title = name or item.gtin
    entry: dict[str, object] = {"anchor": root + item.path, "itemDescription": title}
    for link_type, target in links_of(root, item, page_url).items():
        entry[_VOCABULARY + link_type] = [{"href": target, "title": title, "type": "text/html"}]
    return {"linkset": [entry]}


def description_of(root: str) -> dict[str, object]:
    """Return what `/.well-known/gs1resolver` answers."""
    return {
        "name": "Shopthread resolver",
        "resolverRoot": root,
        "supportedPrimaryKeys": ["01"],
        "supportedLinkTypes": [{"namespace": _VOCABULARY, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
    }
