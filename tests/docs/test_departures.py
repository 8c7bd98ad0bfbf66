"""Departures from the RFCs that no other test pins."""

import httpx

from tests.support.server import Server


def revoke(server: Server, query: dict[str, str], body: dict[str, str]) -> httpx.Response:
    """What a request for revocation with the demonstration's application is answered."""
    auth = (server.demo["client_id"], server.demo["client_secret"])
    return httpx.post(f"{server.url}/oauth/revoke", params=query, data=body, auth=auth)


def profile(server: Server, token: str) -> int:
    """The status of a profile read with this token."""
    address = f"{server.url}/priv/v1/apps/{server.demo['api_key']}/users/{server.demo['customer_id']}"
    return httpx.get(address, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_to_revoke_stands_in_the_body(scratch_server: Server) -> None:
    """In the address it is refused and stays alive; in the body it is dead when the answer comes."""
    token = scratch_server.token()

    refused = revoke(scratch_server, {"token": token}, {})

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert profile(scratch_server, token) == 200

    done = revoke(scratch_server, {}, {"token": token})

    assert (done.status_code, done.json()) == (200, {})
    assert profile(scratch_server, token) == 401
