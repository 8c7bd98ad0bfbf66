"""Requests that are nearly sound: each is a few random changes away from some that are. One seed, the same ones."""

import random
from collections.abc import Callable, Iterator

from tests.framing.corpus import END, OLD, B, chunk, chunked, post, sized

GET = b"GET /a?b=c HTTP/1.1"

SOUND = (
    post(line=GET),
    post(b"Connection: keep-alive", b"Accept: */*", line=GET),
    post(b"Connection: close", line=b"HEAD /a HTTP/1.1"),
    post(b"X:", b"Y: z  ", b"Expect: 100-continue", b"Content-Length: 12", body=b"0123456789ab"),
    sized(B),
    sized(b"abc\r\n\r\n", b"Connection: Keep-Alive, x", line=b"PUT /a HTTP/1.1"),
    sized(OLD, b"Connection: upgrade", b"Upgrade: foo"),
    post(b"Connection: upgrade", b"Upgrade: websocket", line=GET),
    post(line=b"OPTIONS * HTTP/1.1"),
    post(line=b"GET http://a/c HTTP/1.1"),
    post(line=b"CONNECT a:1 HTTP/1.1"),
    sized(b"abc", line=b"POST /a HTTP/1.0"),
    chunked(chunk(b"abc") + chunk(b"0\r\n\r\n") + END),
    chunked(b'3;a;b="c d"\r\nabc\r\n0;e=f\r\nX: y\r\nHost: c\r\n\r\n'),
    chunked(chunk(OLD) + b"0\r\n\r\n", b"Trailer: X"),
)

INSERTED = (
    b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b",", b":", b";", b"0", b"1", b"f", b"-", b"+", b'"', b"\x0b", b"\x80",
    b"\r\n\r\n", b"\r\n ", b"0\r\n\r\n", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Connection: close\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Connection: upgrade\r\n",
    b"Upgrade: h2c\r\n", b"Host: b\r\n", b"HTTP/1.1", b"\r\nX: y", B, OLD,
)  # fmt: skip

NUMBERS = (b"0", b"1", b"2", b"9", b"00", b"10", b"19", b"28", b"1" + b"0" * 21, b"f" * 16)

Change = Callable[[random.Random, bytes], bytes]


def mutated(seed: int, number: int) -> Iterator[bytes]:
    """So many requests, or pairs and triples of them, of which nearly all have been changed."""
    chance = random.Random(seed)
    for _ in range(number):
        sent = b"".join(chance.choices(SOUND, k=chance.choice((1, 1, 2, 3))))
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
            sent = chance.choice(CHANGES)(chance, sent)
        yield sent


def _flip(chance: random.Random, sent: bytes) -> bytes:
    """One byte becomes another."""
    place = chance.randrange(len(sent))
    return (
        sent[:place]
        + bytes([chance.choice((sent[place] ^ 1 << chance.randrange(8), chance.randrange(256)))])
        + sent[place + 1 :]
    )


def _insert(chance: random.Random, sent: bytes) -> bytes:
    """Something stands anywhere."""
    place = chance.randrange(len(sent) + 1)
    return sent[:place] + chance.choice(INSERTED) + sent[place:]


def _insert_at_an_edge(chance: random.Random, sent: bytes) -> bytes:
    """Something stands beside a line's end, a colon or a blank, where most of a parser's decisions are."""
    edges = [place + side for place, byte in enumerate(sent) if byte in b"\r\n: ;," for side in (0, 1)]
    place = chance.choice(edges or [0])
    return sent[:place] + chance.choice(INSERTED) + sent[place:]


def _delete(chance: random.Random, sent: bytes) -> bytes:
    """A byte is missing, or a few."""
    place = chance.randrange(len(sent))
    return sent[:place] + sent[place + chance.choice((1, 1, 1, 2, 5)) :] or sent


def _repeat_line(chance: random.Random, sent: bytes) -> bytes:
    """A line stands twice, or somewhere else as well."""
    lines = sent.split(b"\r\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"\r\n".join(lines)


def _drop_line(chance: random.Random, sent: bytes) -> bytes:
    """A line is missing."""
    lines = sent.split(b"\r\n")
    del lines[chance.randrange(len(lines))]
    return b"\r\n".join(lines) or sent


def _change_case(chance: random.Random, sent: bytes) -> bytes:
    """A line in other letters."""
    lines = sent.split(b"\r\n")
    place = chance.randrange(len(lines))
    lines[place] = chance.choice((bytes.upper, bytes.lower, bytes.swapcase))(lines[place])
    return b"\r\n".join(lines)


def _splice(chance: random.Random, sent: bytes) -> bytes:
    """The beginning of one request and the end of another."""
    other = chance.choice(SOUND)
    return sent[: chance.randrange(1, len(sent) + 1)] + other[chance.randrange(len(other)) :]


def _renumber(chance: random.Random, sent: bytes) -> bytes:
    """A digit is another, or there are more of them."""
    places = [place for place, byte in enumerate(sent) if byte in b"0123456789"]
    if not places:
        return sent
    place = chance.choice(places)
    number = chance.choice(
        (b"0", b"1", b"2", b"9", b"00", b"10", b"19", b"28", b"1000000000000000000000", b"ffffffffffffffff")
    )
    return sent[:place] + number + sent[place + 1 :]


CHANGES: tuple[Change, ...] = (
    _flip, _insert, _insert_at_an_edge, _insert_at_an_edge, _delete, _repeat_line, _drop_line, _change_case, _splice,
    _renumber,
)  # fmt: skip
