"""What is shown of addresses: the words of ours, and nothing that a caller put there."""

import pytest

from tessera.web.messages import Request, Response
from tessera.web.routes import Route, Routes, names
from tessera.web.surfaces import PLATFORM


async def _nothing(_request: Request) -> Response:
    return Response(204, b"", ())


ROUTES = Routes(
    [
        Route("GET", "/priv/v1/apps/{api_key}/users/{user_id}", _nothing, PLATFORM),
        Route("POST", "/oauth/token", _nothing, PLATFORM),
        Route("GET", "/", _nothing, PLATFORM),
    ]
)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/priv/v1/apps/KEY/user/card-57", "/priv/v1/apps/*/*/*"),
        ("/oauth/tokens", "/oauth/*"),
        ("/oauth/token/", "/oauth/token/"),
        ("/OAUTH/token", "/*/token"),
        ("/{user_id}", "/*"),
        ("//users//", "//users//"),
        ("/%75sers", "/*"),
        ("/users;id=ada@customers.example", "/*"),
        ("/\x1b[31m\xff", "/*"),
        ("*", "*"),
        ("/" + "users/" * 11 + "ada/users/ada", "/" + "users/" * 11 + "*"),
        ("/users" * 5000, "/users" * 11 + "/*"),
    ],
)
def test_of_an_unknown_address_our_words_are_shown(path: str, shown: str) -> None:
    """A segment that no route declares is somebody's, whatever it looks like."""
    assert ROUTES.shown(path.encode("latin-1")) == shown


def test_the_places_of_an_address_have_names() -> None:
    """In the order in which their values come."""
    assert names("/priv/v1/apps/{api_key}/users/{user_id}") == ["api_key", "user_id"]
    assert names("/oauth/token") == []
