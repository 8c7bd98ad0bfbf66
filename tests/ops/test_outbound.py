"""The guard over real sockets: each connection goes to an address that was judged, whatever a name means meanwhile."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tessera.core.outbound import Rules
from tessera.core.webhooks.deliveries import Answer
from tessera.ops.fetcher import HTTPSFetcher
from tessera.ops.outbound import Outbound
from tessera.ops.sender import open_sender
from tessera.ports import NotAllowed, NotFetched
from tests.support.key_server import KeyServer, serving
from tests.support.receiver import Received, Receiver, receiving
from tests.support.settings import HERE

SECONDS = 15.0

INSIDE = (
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "169.254.169.254",
    "fec0::1",
    "0.0.0.0",
    "64:ff9b::7f00:1",
    "::ffff:127.0.0.1",
)


class Names:
    """A name server that answers as it is told to: each question with the next answer, the last one for good."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        """The addresses of a host."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def sent(url: str, outbound: Outbound, *, times: int = 1) -> list[Answer]:
    """What comes of messages to a URL, one after the other by one sender."""

    async def scenario() -> list[Answer]:
        async with open_sender(outbound, SECONDS) as sender:
            return [await sender.send(url, {}, b"{}") for _ in range(times)]

    return asyncio.run(scenario())


def with_receiver(work: Callable[[Receiver], Awaitable[None]]) -> None:
    """Do something with a receiver on this machine."""

    async def scenario() -> None:
        async with receiving() as receiver:
            await work(receiver)

    asyncio.run(scenario())


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_sent_nothing(address: str) -> None:
    """By message or fetch, also when it leads to the world as well: every address of it is judged."""
    for answer in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
        outbound = Outbound(Rules(), Names(answer))
        (came,) = sent("https://receiver.example/", outbound)
        assert came.status is None
        assert came.text.startswith(f"not sent: receiver.example is {address}, which is")
        with pytest.raises(NotFetched, match=", which is"):
            asyncio.run(HTTPSFetcher(outbound).fetch("https://keys.example/", 1000))
        with pytest.raises(NotAllowed, match=", which is"):
            asyncio.run(outbound.check("https://receiver.example/"))


def test_a_name_without_an_address_is_no_connection() -> None:
    """It is told as what it is, and a URL whose name nobody knows yet may be named."""
    outbound = Outbound(Rules(), Names([]))
    assert "no address" in sent("https://receiver.example/", outbound)[0].text
    asyncio.run(outbound.check("https://receiver.example/"))
    asyncio.run(Outbound(Rules()).check("https://nobody.invalid/"))


def test_an_address_in_the_url_is_judged_without_asking_anybody() -> None:
    """A literal needs no name server, in whichever way it is written."""
    names = Names(["93.184.215.14"])
    outbound = Outbound(Rules(), names)
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "[fe80::1]"):
        assert sent(f"https://{host}/", outbound)[0].text.startswith("not sent")
    assert names.asked == []


def test_what_a_name_means_a_moment_later_changes_nothing() -> None:
    """The connection goes to the address that was judged: the name server is asked once for each connection."""

    async def work(receiver: Receiver) -> None:
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        outbound = Outbound(Rules(["127.0.0.0/8"]), names)
        async with open_sender(outbound, SECONDS) as sender:
            url = f"http://receiver.example:{receiver.port}/hook"
            assert (await sender.send(url, {}, b"{}")).arrived
            assert names.asked == ["receiver.example"]
            assert receiver.attempts[0].headers["host"] == f"receiver.example:{receiver.port}"
            assert (await sender.send(url, {}, b"{}")).arrived  # over the connection that is there
            assert names.asked == ["receiver.example"]

            async def hangs_up(_message: Received) -> int | None:
                return None

            receiver.behaviour = hangs_up
            assert not (await sender.send(url, {}, b"{}")).arrived
            again = await sender.send(url, {}, b"{}")
            assert again.text.startswith("not sent: receiver.example is 10.0.0.1, which is")
            assert len(receiver.attempts) == 3

    with_receiver(work)


def test_the_certificate_is_checked_for_the_name() -> None:
    """Whichever address is connected to, the server there has to be the one that the URL names."""
    with serving("dns:keys.example") as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(server.trust))
        outbound = Outbound(Rules(HERE), Names(["127.0.0.1"]))
        url = f"https://keys.example:{server.port}/jwks.json"
        assert asyncio.run(HTTPSFetcher(outbound).fetch(url, 1000)) == server.body
        assert server.asked == [(f"keys.example:{server.port}", "/jwks.json")]
        with pytest.raises(NotFetched, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(HTTPSFetcher(outbound).fetch(url.replace("keys.", "other."), 1000))
        assert "CERTIFICATE_VERIFY_FAILED" in sent(url.replace("keys.", "other."), outbound)[0].text


def test_another_address_is_tried_when_one_does_not_answer() -> None:
    """A host with several addresses is reached while one of them is."""

    async def work(receiver: Receiver) -> None:
        outbound = Outbound(Rules(["127.0.0.0/8"]), Names(["127.0.0.9", "127.0.0.1"]))
        async with open_sender(outbound, SECONDS) as sender:
            assert (await sender.send(f"http://receiver.example:{receiver.port}/", {}, b"{}")).arrived

    with_receiver(work)


@pytest.fixture
def inside() -> Iterator[KeyServer]:
    """A server that nobody from outside should reach."""
    with serving() as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(inside: KeyServer, status: int) -> None:
    """A receiver cannot send this server to where it may not go itself; a redirect is a failure."""

    async def work(receiver: Receiver) -> None:
        async def redirects(_message: Received) -> int | None:
            return status

        receiver.behaviour, receiver.extra = redirects, f"location: {inside.url()}\r\n".encode()
        async with open_sender(Outbound(Rules(HERE)), SECONDS) as sender:
            came = await sender.send(receiver.url, {}, b"{}")
            assert (came.status, came.arrived) == (status, False)

    with_receiver(work)
    assert inside.asked == []


def test_the_port_of_management_is_not_reached(inside: KeyServer) -> None:
    """A server that listens there is sent nothing, though its network is allowed."""
    outbound = Outbound(Rules(HERE, [inside.port]))
    for host in ("127.0.0.1", "localhost"):
        assert "management_port" in sent(f"https://{host}:{inside.port}/metrics", outbound)[0].text
    assert inside.asked == []


def test_nothing_of_the_environment_leads_elsewhere(
    inside: KeyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy and a password that the environment names are not used."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{inside.port}")

    async def work(receiver: Receiver) -> None:
        async with open_sender(Outbound(Rules(HERE)), SECONDS) as sender:
            assert (await sender.send(receiver.url, {}, b"{}")).arrived
        assert "authorization" not in receiver.attempts[0].headers
        assert receiver.attempts[0].headers["user-agent"].startswith("tessera/")

    with_receiver(work)
    assert inside.asked == []


def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is given up in its time, and a URL that is only named is taken: it is judged when it is used."""

    async def silent(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def scenario() -> None:
        outbound = Outbound(Rules(), silent)
        async with open_sender(outbound, 0.2) as sender:
            assert (await sender.send("https://receiver.example/", {}, b"{}")).text == "no answer within 0.2 seconds"
        await outbound.check("https://receiver.example/")

    asyncio.run(scenario())


def test_what_is_trusted_is_what_the_machine_trusts() -> None:
    """Certificates are required, their names are checked, and it is read once."""
    outbound = Outbound(Rules())
    trust = outbound.trust()
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert outbound.trust() is trust
