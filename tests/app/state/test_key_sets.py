"""Key sets of clients in memory: when they are got, and what becomes of them when they cannot be got."""

import asyncio
import json
from pathlib import Path

import pytest

from tessera.app.clients import credentials
from tessera.app.operators import OperatorError
from tessera.app.state.key_sets import FRESH_SECONDS, PAUSE_SECONDS, SETS_MAX, STALE_SECONDS, KeySets
from tessera.core.changes import AddCredential
from tessera.core.clients import key_sets
from tessera.core.clients.applications import CredentialKind
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, Malformed, PrivateKey
from tessera.ports import NotFetched
from tests.app.clients.test_private_key_jwt import ask, good, refused
from tests.support import assertions
from tests.support.clock import StepClock
from tests.support.scene import Scene, play

ADDRESS = "https://partner.example/jwks.json"


class Publisher:
    """A fetcher of the sets that a test publishes; `asked` counts, `down` makes it fail, `document` replaces them."""

    def __init__(self) -> None:
        self.keys: dict[str, PrivateKey] = {}
        self.extra = b""
        self.document = b""
        self.asked = 0
        self.down = False

    async def fetch(self, _address: str, _bytes_max: int) -> bytes:
        """The set as it is now."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise NotFetched("planned")
        if self.document:
            return self.document
        members = [assertions.jwk(key, kid=name) for name, key in self.keys.items()]
        return b'{"keys":[' + b",".join([*members, *([self.extra] if self.extra else [])]) + b"]}"

    def publish(self, name: str) -> PrivateKey:
        """Publish a new key."""
        self.keys[name] = assertions.new_key()
        return self.keys[name]


async def published(scene: Scene) -> Publisher:
    """The scene's partner publishes its keys from now on."""
    publisher = Publisher()
    scene.context.state = scene.context.state._replace(key_sets=KeySets(publisher, scene.clock))
    await credentials.add_key_set(scene.context, scene.partner.client_id, "set", ADDRESS)
    return publisher


def test_keys_that_a_client_publishes_prove_it(tmp_path: Path) -> None:
    """The set is got once for many assertions; a key that is new is found within a minute of being asked for."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        first = publisher.publish("one")
        for _ in range(3):
            await ask(scene, good(scene, first, kid="one"))
        assert publisher.asked == 1
        second = publisher.publish("two")
        assert await refused(scene, good(scene, second, kid="two"))  # asked a moment ago
        scene.clock.step(PAUSE_SECONDS)
        await ask(scene, good(scene, second, kid="two"))
        assert publisher.asked == 2

    play(tmp_path, scenario)


def test_made_up_names_ask_once_a_minute(tmp_path: Path) -> None:
    """Whoever makes up names of keys does not have the set got for each."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        key = publisher.publish("one")
        for count in range(10):
            await refused(scene, good(scene, key, kid=f"made up {count}"))
        assert publisher.asked == 1
        scene.clock.step(PAUSE_SECONDS)
        for count in range(10):
            await refused(scene, good(scene, key, kid=f"made up {count}"))
        assert publisher.asked == 2

    play(tmp_path, scenario)


def test_a_withdrawn_key_is_gone_when_the_set_is_old(tmp_path: Path) -> None:
    """A set is got again after a while, and what is not in it any more proves nothing."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        key = publisher.publish("one")
        await ask(scene, good(scene, key, kid="one"))
        del publisher.keys["one"]
        scene.clock.step(FRESH_SECONDS - 1)
        await ask(scene, good(scene, key, kid="one"))
        scene.clock.step(1)
        await refused(scene, good(scene, key, kid="one"))

    play(tmp_path, scenario)


def test_a_set_that_cannot_be_got_is_used_for_a_day(tmp_path: Path) -> None:
    """A partner whose server is down keeps its tokens coming, for a day; then nothing is known of it any more."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        key = publisher.publish("one")
        await ask(scene, good(scene, key, kid="one"))
        publisher.down = True
        scene.clock.step(STALE_SECONDS)
        await ask(scene, good(scene, key, kid="one"))
        await ask(scene, good(scene, key, kid="one"))
        assert publisher.asked == 2
        scene.clock.step(PAUSE_SECONDS)
        await refused(scene, good(scene, key, kid="one"))
        publisher.down = False
        scene.clock.step(PAUSE_SECONDS)
        await ask(scene, good(scene, key, kid="one"))

    play(tmp_path, scenario)


def test_one_fetch_at_a_time() -> None:
    """Many who need a set at one moment wait for one fetch of it, and others are not held up by theirs."""

    async def scenario() -> None:
        publisher = Publisher()
        publisher.publish("one")
        sets = KeySets(publisher, StepClock())
        found = await asyncio.gather(*(sets.keys(ADDRESS, "one") for _ in range(50)))
        assert publisher.asked == 1
        assert all(len(each) == 1 for each in found)

    asyncio.run(scenario())


def test_the_memory_of_sets_is_bounded() -> None:
    """Beyond the bound the set that came first is got anew."""

    async def scenario() -> None:
        publisher = Publisher()
        sets = KeySets(publisher, StepClock())
        for count in range(SETS_MAX + 1):
            await sets.keys(f"https://{count}.example/", None)
        await sets.keys("https://1.example/", None)
        assert publisher.asked == SETS_MAX + 1
        await sets.keys("https://0.example/", None)
        assert publisher.asked == SETS_MAX + 2

    asyncio.run(scenario())


def key_entry(**members: object) -> bytes:
    """A key that is good but for these members."""
    return json.dumps({**public_keys.jwk(assertions.new_key().public_key()), **members}).encode()


SETS: dict[str, bytes] = {
    "no JSON": b"{",
    "no set": b"[]",
    "no keys": b"{}",
    "an empty set": b'{"keys":[]}',
    "too many keys": b'{"keys":[' + b"{}," * 50 + b"{}]}",
    "a key with key_ops of the wrong type": b'{"keys":[' + key_entry(key_ops=1) + b"]}",
    "a key with a kid of the wrong type": b'{"keys":[' + key_entry(kid=["one"]) + b"]}",
    "keys of other names": b'{"keys":[' + key_entry(kid="another") + b"]}",
    "entries that are no keys": b'{"keys":[1,null,"x",[],{}]}',
    "deep": b'{"keys":[' + b"[" * 10_000 + b"]" * 10_000 + b"]}",
}


@pytest.mark.parametrize("document", SETS.values(), ids=SETS)
def test_whatever_a_set_holds_it_is_got_once_a_minute(tmp_path: Path, document: bytes) -> None:
    """Assertions that it does not prove are refused as ever, and do not have it got again for each of them."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        publisher.document = document
        key = assertions.new_key()
        for minute in range(1, 4):
            for count in range(5):
                await refused(scene, good(scene, key, kid=f"one {count}"))
            assert publisher.asked == minute
            scene.clock.step(PAUSE_SECONDS)

    play(tmp_path, scenario)


def test_a_bad_key_takes_nothing_from_those_beside_it(tmp_path: Path) -> None:
    """The partner's other keys prove it, wherever in the set they stand."""

    async def scenario(scene: Scene) -> None:
        publisher = await published(scene)
        key = publisher.publish("one")
        publisher.extra = b",".join([key_entry(key_ops=1), key_entry(x5c=1), b"null", b'{"kty":7}'])
        await ask(scene, good(scene, key, kid="one"))

    play(tmp_path, scenario)


def test_a_defect_does_not_lift_the_brake() -> None:
    """Whatever goes wrong while a set is got, the next attempt is a minute away."""

    class Defective(Publisher):
        async def fetch(self, _address: str, _bytes_max: int) -> bytes:
            self.asked += 1
            raise RuntimeError("planned")

    async def scenario() -> None:
        publisher, clock = Defective(), StepClock()
        sets = KeySets(publisher, clock)
        for attempt in (1, 2):
            with pytest.raises(RuntimeError, match="planned"):
                await sets.keys(ADDRESS, "one")
            for _ in range(5):
                assert await sets.keys(ADDRESS, "one") == []
            assert publisher.asked == attempt
            clock.step(PAUSE_SECONDS)

    asyncio.run(scenario())


def test_a_stored_key_that_is_weak_is_passed_over(tmp_path: Path) -> None:
    """A key that was stored before it was known to be weak proves nobody, and is no defect; the others work."""

    async def scenario(scene: Scene) -> None:
        client_id, now = scene.partner.client_id, scene.clock.now()
        identity = {"kty": "OKP", "crv": "Ed25519", "x": jws.encode((1).to_bytes(32, "little"))}
        held = json.dumps(identity).encode()
        await scene.context.commit(
            AddCredential(client_id, "weak", int(CredentialKind.PUBLIC_KEY), held, "AAAA", now, None)
        )
        forged = good(scene, assertions.new_key(Algorithm.EDDSA), Algorithm.EDDSA)
        await refused(scene, forged)
        key = assertions.new_key()
        await credentials.add_key(scene.context, client_id, "good", assertions.jwk(key))
        await ask(scene, good(scene, key))

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":"x"}',
        b'{"keys":null}',
        b"\xff",
        b"[" * 100_000,
        b'{"keys":[' + b"{}," * 50 + b"{}]}",
    ],
)
def test_what_is_no_set_is_none(raw: bytes) -> None:
    """A document that is no key set, or has too many keys, is refused whole."""
    with pytest.raises(Malformed):
        key_sets.read(raw)


def test_keys_of_other_kinds_are_passed_over() -> None:
    """A set may hold keys that are not for us; private and secret ones prove nothing."""
    key = assertions.new_key()
    others = (
        b'{"kty":"oct","k":"AA","alg":"HS256"}',
        assertions.jwk(key, use="enc"),
        assertions.jwk(key, d="AA"),
        b'{"kty":"EC","crv":"P-521"}',
        b"{}",
    )
    found = key_sets.read(b'{"keys":[' + b",".join([*others, assertions.jwk(key, kid="mine")]) + b"]}")

    assert [each.key_id for each in found] == ["mine"]


@pytest.mark.parametrize("address", ["http://partner.example/", "https://user@partner.example/", "partner.example"])
def test_addresses_that_cannot_be_used_are_not_added(tmp_path: Path, address: str) -> None:
    """Only https addresses are taken."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError, match="address"):
            await credentials.add_key_set(scene.context, scene.partner.client_id, "set", address)

    play(tmp_path, scenario)
