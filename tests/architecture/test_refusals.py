"""The tree of refusals: drawn as it is, and each with its status."""

import importlib
import pkgutil

from tessera.core import errors
from tessera.core.errors import OAuthRefusal, PlatformRefusal, Refusal
from tessera.web.errors import STATUSES

FAMILIES = (Refusal, OAuthRefusal, PlatformRefusal)


def refusals() -> dict[str, type[Refusal]]:
    """Every refusal that can be raised below the wiring, by name."""
    for room in ("core", "app", "web", "api"):
        package = importlib.import_module(f"tessera.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    known: dict[str, type[Refusal]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if each not in FAMILIES:
            known[each.__name__] = each
    return known


def drawn(docstring: str) -> dict[str, str]:
    """The tree in a docstring: each name with the one it hangs from."""
    above: list[tuple[int, str]] = []
    parents: dict[str, str] = {}
    for line in docstring.splitlines():
        name = line.lstrip(" │├└─").partition(" ")[0]
        if not line.startswith("    ") or not name.isidentifier():
            continue
        place = line.index(name)
        above = [(column, each) for column, each in above if column < place]
        parents[name] = above[-1][1] if above else ""
        above.append((place, name))
    return parents


def test_every_refusal_has_a_status() -> None:
    """A refusal without a row in the one table could not be answered."""
    missing = [name for name, refusal in refusals().items() if refusal not in STATUSES]

    assert missing == []


def test_every_status_is_of_a_refusal() -> None:
    """The table holds nothing that is not raised."""
    assert set(STATUSES) <= set(refusals().values())


def test_the_tree_is_drawn_as_it_is() -> None:
    """The docstring of core/errors shows every refusal there, under the family it belongs to."""
    actual = {
        name: "" if each is Refusal else each.__bases__[0].__name__
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, Refusal)
    }

    assert drawn(errors.__doc__ or "") == actual


def test_a_tree_that_is_drawn_wrongly_is_seen() -> None:
    """Reading the drawing keeps names and their parents apart."""
    drawing = "Tree.\n\n    Refusal\n    ├── Family    words\n    │   ├── Leaf\n    └── Other\n\nText after it."

    assert drawn(drawing) == {"Refusal": "", "Family": "Refusal", "Leaf": "Family", "Other": "Refusal"}
