"""The table of routes: one slash at the end means nothing, two do, and values come out as they were meant."""

import pytest

from tessera.core.errors import MethodNotAllowed
from tessera.web.messages import Request, Response
from tessera.web.routes import Route, Routes
from tessera.web.surfaces import PLATFORM


async def nothing(_request: Request) -> Response:
    """Answers nothing."""
    return Response(200, b"", ())


PATHS = ("/oauth/token", "/users", "/users/{id}", "/users/{id}/tags", "/external/{key}/x/{id}")
ROUTES = Routes([Route("GET", path, nothing, PLATFORM) for path in PATHS])


@pytest.mark.parametrize("path", PATHS)
def test_one_slash_at_the_end_means_nothing(path: str) -> None:
    """Every address is found with one slash more, with the same values, and not with two."""
    sent = path.format(id="one", key="two").encode()
    found = ROUTES.find("GET", sent)
    assert found is not None
    assert found[0].path == path
    assert ROUTES.find("GET", sent + b"/") == found
    assert ROUTES.find("GET", sent + b"//") is None
    with pytest.raises(MethodNotAllowed):
        ROUTES.find("POST", sent + b"/")


@pytest.mark.parametrize(
    ("sent", "value"),
    [("a%2F", "a/"), ("%C2%A0", "\u00a0"), ("a%E2%80%8D%F0%9F%91%A7", "a\u200d\U0001f467"), ("%20", " ")],
)
def test_a_value_may_be_any_text(sent: str, value: str) -> None:
    """A slash that is encoded belongs to the value, and so does what nobody sees."""
    for path in (f"/users/{sent}", f"/users/{sent}/"):
        found = ROUTES.find("GET", path.encode())
        assert found is not None
        assert found[1] == (value,)


@pytest.mark.parametrize("sent", ["", "%00", "%1B", "%7F", "%C2%9B", "%ff", "%C2"])
def test_a_value_is_text_without_control_characters(sent: str) -> None:
    """An empty value, bytes that are no text, and control characters name nothing."""
    assert ROUTES.find("GET", f"/users/{sent}/tags".encode()) is None
