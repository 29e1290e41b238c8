"""Cuts all statements into parts that can be resolved one after the other. Pure.

Parts are found on numbers and digests alone, so that ten million identifiers fit into little memory. Where the digests
of two identifiers are equal by chance, statements come into one part that need not; that joins nobody.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Digests = NDArray[np.uint64]


def groups_of(statements: Numbers, digests: Digests, total: int) -> Numbers:
    """Return of each statement the group of those that name its identifiers, or are connected with it through others.

    Args:
        statements: Shape (N,): the number of a statement, for each identifier that it names; sorted.
        digests: Shape (N,): that identifier's.
        total: How many statements there are; some may name nobody here.

    Returns:
        Shape (total,): numbers of groups; statements of one group have the same one.
    """
    _, identifiers = np.unique(digests, return_inverse=True)
    naming, firsts, sizes = np.unique(statements, return_index=True, return_counts=True)
    first_named = identifiers[firsts]
    root = _roots(np.repeat(first_named, sizes), identifiers)
    groups = np.arange(total) + len(root)
    groups[naming] = root[first_named]
    return groups


def _roots(left: Numbers, right: Numbers) -> Numbers:
    """Return of each of some numbered things the lowest of those that links connect with it.

    Of two roots that a link connects the higher hangs under the lower, all links at once; then everything hangs under
    its root again (Shiloach and Vishkin, "An O(log n) parallel connectivity algorithm", J. Algorithms 3, 1982).
    """
    root = np.arange(int(right.max(initial=-1)) + 1)
    while True:
        one, other = root[left], root[right]
        apart = one != other
        if not apart.any():
            return root
        left, right = left[apart], right[apart]
        np.minimum.at(root, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while not np.array_equal(root, above := root[root]):
            root = above


def parts_of(groups: Numbers, size: int) -> Iterator[Numbers]:
    """Yield the numbers of statements, sorted, in parts of at least `size`, no group in two of them."""
    order = np.argsort(groups, kind="stable")
    begins = np.flatnonzero(np.diff(groups[order], prepend=-1))
    start = 0
    while start < len(order):
        following = np.searchsorted(begins, start + size)
        end = int(begins[following]) if following < len(begins) else len(order)
        yield np.sort(order[start:end])
        start = end


def crowded(statements: Numbers, digests: Digests, most: int) -> Iterator[tuple[int, Numbers]]:
    """Yield identifiers that may stand with more than `most` others, each with the numbers of what names it.

    Args:
        statements: Shape (N,): the number of a statement, for each identifier that it names; sorted.
        digests: Shape (N,): that identifier's.
        most: How many others it may stand with.

    Yields:
        Digests with statements. An identifier that stands with the same others again and again is among them.
    """
    others = np.bincount(statements)[statements] - 1
    known, identifiers = np.unique(digests, return_inverse=True)
    suspects = np.flatnonzero(np.bincount(identifiers, weights=others) > most)
    theirs = np.flatnonzero(np.isin(identifiers, suspects))
    theirs = theirs[np.argsort(identifiers[theirs], kind="stable")]
    firsts, ends = (np.searchsorted(identifiers[theirs], suspects, side) for side in ("left", "right"))
    for suspect, first, end in zip(suspects, firsts, ends, strict=True):
        yield int(known[suspect]), statements[theirs[first:end]]
