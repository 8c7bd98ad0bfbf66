"""A server with a furnished world, and the two things everybody does with it: ask for a token, call the platform."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from tests.support import raw
from tests.support.raw import Answer

Header = tuple[str, str]

_ERROR_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


class Target(NamedTuple):
    """Where the server listens, its data folder, and the values of its world."""

    port: int
    folder: Path
    values: dict[str, str]

    def ask_token(self, query: str = "", body: str | bytes = b"", *headers: Header) -> Answer:
        """One token request; a body without a type of its own is a form."""
        raw_body = body.encode("latin-1") if isinstance(body, str) else body
        named = {name.lower() for name, _ in headers}
        typed = [raw.FORM] if raw_body and "content-type" not in named else []
        return raw.ask(
            self.port, "POST", f"/oauth/token?{query}" if query else "/oauth/token", raw_body, [*headers, *typed]
        )

    def token(self, name: str = "client") -> str:
        """A fresh token of the application with this name in the world."""
        form = f"grant_type=client_credentials&client_id={self.values[f'{name}_id']}"
        answer = self.ask_token("", f"{form}&client_secret={self.values[f'{name}_secret']}")
        assert answer.status == 200, answer
        token: str = json.loads(answer.body)["access_token"]
        return token

    def read(self, *headers: Header, query: str = "") -> Answer:
        """Read the profile of the demonstration's customer."""
        path = f"/priv/v1/apps/{self.values['api_key']}/users/{self.values['customer_id']}"
        return raw.ask(self.port, "GET", path + query, b"", list(headers))

    def everywhere(self, *headers: Header) -> dict[str, int]:
        """Call every platform endpoint; the status of each."""
        statuses = {}
        for method, path, body in self.endpoints():
            sent = [*headers, ("Content-Type", "application/json")]
            statuses[f"{method} {path}"] = raw.ask(self.port, method, path, body, sent).status
        return statuses

    def endpoints(self) -> list[tuple[str, str, bytes]]:
        """Method, address and a body for each platform endpoint; a caller let in gets 200, or 400 for an empty body."""
        users = f"/priv/v1/apps/{self.values['api_key']}"
        asked = json.dumps({"retailer_id": self.values["retailer_id"], "user_id": self.values["customer_id"]}).encode()
        posts = [
            (f"{prefix}/api/{version}", asked if version == "1.0/user_tiers/tier_status" else b"{}")
            for prefix in ("", "/incentives")
            for version in ("1.0/user_tiers/tier_status", "1.0/user_points/deposit", "2.0/user_points/deposit")
        ]
        both = (f"{users}/users/{self.values['customer_id']}", f"{users}/external/users/{self.values['external_id']}")
        notes = [
            (method, f"{user}{tail}", b"" if method == "GET" else b"{}")
            for user in both
            for method, tail in (
                ("PUT", ""), ("POST", "/models/user_profile"), ("PUT", "/models/user_profile"), ("GET", "/tags"),
                ("POST", "/tags"), ("POST", "/events"),
            )
        ]  # fmt: skip
        return [
            *notes,
            ("GET", f"{users}/users", b""),
            ("GET", f"{users}/users/search", b""),
            ("GET", f"{users}/users/search_users", b""),
            ("GET", f"{users}/users/{self.values['customer_id']}", b""),
            ("GET", f"{users}/external/users/{self.values['external_id']}", b""),
            ("POST", f"{users}/users", b"{}"),
            *(("POST", path, body) for path, body in posts),
        ]


def assert_refused(answer: Answer, status: int, error: str) -> None:
    """The answer is an OAuth refusal in good form: no caching, no reflection of odd bytes, nothing of our insides."""
    assert answer.status == status, answer
    members = json.loads(answer.body)
    assert list(members) == ["error", "error_description"], answer
    assert members["error"] == error, answer
    assert _ERROR_TEXT.fullmatch(members["error_description"]), answer
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"
    challenges = answer.all("www-authenticate")
    assert [challenge.split(" ")[0] for challenge in challenges] == (["Basic", "Bearer"] if status == 401 else [])
    assert b"Traceback" not in answer.body
