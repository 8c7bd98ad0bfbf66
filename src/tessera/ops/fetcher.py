"""Documents from elsewhere: over TLS, bounded in time and size, and from no address that is not the world's.

The name is resolved here, every address that it has is looked at, and the connection goes to one that was: what the
name means a moment later changes nothing. The certificate is checked for the name all the same. Nothing of the
environment is used: no proxy, no password of a `.netrc`.
"""

import asyncio
import ipaddress
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tessera import __version__
from tessera.core import key_sets
from tessera.ports.fetcher import NotFetched

if TYPE_CHECKING:
    import httpx2

FETCH_SECONDS = 5.0
"""Time for the whole of it: the name, the connection, the document."""

HTTPS = 443


class HTTPSFetcher:
    """`ports.Fetcher` over HTTPS. With `private` it may also look at addresses that are not the world's."""

    def __init__(self, *, private: bool, seconds: float = FETCH_SECONDS) -> None:
        self._private = private
        self._seconds = seconds
        self._trust: ssl.SSLContext | None = None

    async def fetch(self, address: str, bytes_max: int) -> bytes:
        """In a task of its own: a request that has not waited yet runs in none (`web/turns.py`)."""
        return await asyncio.create_task(self._in_time(address, bytes_max))

    async def _in_time(self, address: str, bytes_max: int) -> bytes:
        import httpx2  # only where something is got, so that commands start fast

        try:
            key_sets.check_address(address)
            async with asyncio.timeout(self._seconds):
                return await self._fetch(address, bytes_max)
        except TimeoutError:
            raise NotFetched(f"no answer within {self._seconds:g} seconds") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise NotFetched(f"the connection failed ({type(error).__name__}: {error})") from None
        except (OSError, ValueError) as error:
            raise NotFetched(str(error)) from None

    async def _fetch(self, address: str, bytes_max: int) -> bytes:
        import httpx2

        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or HTTPS
        places = await self._resolve(host, port)
        if self._trust is None:
            self._trust = ssl.create_default_context()
        targets = [
            parts._replace(netloc=f"[{each}]:{port}" if ":" in each else f"{each}:{port}").geturl() for each in places
        ]
        headers = {
            "host": parts.netloc,
            "accept": "application/json, application/jwk-set+json",
            "accept-encoding": "identity",
            "user-agent": f"tessera/{__version__}",
        }
        async with httpx2.AsyncClient(verify=self._trust, trust_env=False, follow_redirects=False) as client:
            for target in targets[:-1]:
                with suppress(httpx2.ConnectError):
                    return await self._read(client, target, headers, host, bytes_max)
            return await self._read(client, targets[-1], headers, host, bytes_max)

    @staticmethod
    async def _read(
        client: "httpx2.AsyncClient", target: str, headers: dict[str, str], host: str, bytes_max: int
    ) -> bytes:
        """The document at an address that may be looked at, whose server proves to be the host."""
        async with client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as response:
            if response.status_code != 200:
                raise NotFetched(f"the answer is {response.status_code}, and redirects are not followed")
            read = b""
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > bytes_max:
                    raise NotFetched(f"the document is longer than {bytes_max} bytes")
            return read

    async def _resolve(self, host: str, port: int) -> list[str]:
        """The addresses of the host, all of which may be looked at. Raises NotFetched."""
        places = await self._look_up(host, port)
        if not places:
            raise NotFetched("the host has no address")
        if not all(self._allowed(place) for place in places):
            raise NotFetched(
                "the host has an address that is private, of this machine, or of the cloud it runs in; the setting"
                " jwks_private_addresses allows that"
            )
        return places

    async def _look_up(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(each[4][0]) for each in found]

    def _allowed(self, place: str) -> bool:
        return self._private or key_sets.public(ipaddress.ip_address(place.partition("%")[0]))
