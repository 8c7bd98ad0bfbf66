"""Rules for every URL that is entered, whatever it is for."""

from urllib.parse import SplitResult, urlsplit


def split(url: str, what: str = "The URL") -> SplitResult:
    """The parts of a URL. Raises ValueError, with a sentence, when its host or its port cannot be one.

    `what` is what the sentence calls it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"{what} cannot be read: its host is malformed.") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:  # nobody listens there: sockets take it for "any"
        raise ValueError(f"{what} cannot be used: its port must be a number from 1 to 65535.")
    return parts
