"""Where a PostgreSQL database is: a URL as an operator writes it, a connection string as libpq takes it."""

from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tessera.ports import Unusable

_DEFAULTS = {
    "application_name": "tessera",
    "connect_timeout": "2",
    "client_encoding": "UTF8",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "6000",
}
"""What a URL may say otherwise. A server that is gone without a word is found out within seconds."""


class Address(NamedTuple):
    """`conninfo` has everything; `text` is what may be shown: no password in it."""

    conninfo: str
    text: str


def address(url: str, *, writes: bool = True) -> Address:
    """Read a URL. Of several hosts the one that takes writes is wanted, unless `writes` is False. Raises Unusable."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error as error:
        raise Unusable(
            "The setting database cannot be used: it is written as postgresql://USER@HOST:PORT/NAME, or with several"
            f" hosts as postgresql://USER@ONE,TWO/NAME ({_without(url, str(error).strip())})."
        ) from None
    wanted = {"target_session_attrs": "read-write"} if writes else {}
    return Address(make_conninfo("", **{**_DEFAULTS, **wanted, **parts}), described(parts))


def described(parts: dict[str, str]) -> str:
    """The address without what nobody should read over a shoulder."""
    hosts = parts.get("host", "").split(",")
    ports = parts.get("port", "").split(",")
    ports = ports if len(ports) == len(hosts) else [ports[0]] * len(hosts)
    places = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))
    user = f"{parts['user']}@" if "user" in parts else ""
    return f"postgresql://{user}{places}/{parts.get('dbname', '')}"


def _without(url: str, text: str) -> str:
    """The words of libpq about a URL, which may repeat it, with the password in it, left out."""
    return "it is not one" if url in text or "@" in text else text
