"""Documents from elsewhere: over TLS, bounded in time and size, and over connections that are guarded."""

import asyncio
from typing import TYPE_CHECKING

from tessera.core.clients import key_sets
from tessera.ops.outbound import Outbound
from tessera.ports import NotAllowed, NotFetched

if TYPE_CHECKING:
    from tessera.ops.http_client import Client

FETCH_SECONDS = 5.0
"""Time for the whole of it: the name, the connection, the document."""

_HEADERS = {"accept": "application/json, application/jwk-set+json"}


class HTTPSFetcher:
    """`ports.Fetcher` over HTTPS."""

    def __init__(self, outbound: Outbound, seconds: float = FETCH_SECONDS) -> None:
        self._outbound = outbound
        self._seconds = seconds

    async def fetch(self, address: str, bytes_max: int) -> bytes:
        """In a task of its own: a request that has not waited yet runs in none (`web/server/batching.py`)."""
        return await asyncio.create_task(self._in_time(address, bytes_max))

    async def _in_time(self, address: str, bytes_max: int) -> bytes:
        from tessera.ops import http_client  # its library is loaded only where something is got

        try:
            key_sets.check_address(address)
            async with asyncio.timeout(self._seconds):
                async with http_client.opened(self._outbound) as client:
                    return await self._fetch(client, address, bytes_max)
        except TimeoutError:
            raise NotFetched(f"no answer within {self._seconds:g} seconds") from None
        except (http_client.NoConnection, http_client.Broke) as error:
            raise NotFetched(f"the connection failed ({error})") from None
        except (NotAllowed, ValueError) as error:
            raise NotFetched(str(error)) from None

    @staticmethod
    async def _fetch(client: "Client", address: str, bytes_max: int) -> bytes:
        async with client.request("GET", address, _HEADERS) as reply:
            if reply.status != 200:
                raise NotFetched(f"the answer is {reply.status}, and redirects are not followed")
            read = b""
            async for chunk in reply.chunks():
                read += chunk
                if len(read) > bytes_max:
                    raise NotFetched(f"the document is longer than {bytes_max} bytes")
            return read
