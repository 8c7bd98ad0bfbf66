"""What a look at the installation found."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad a finding is; with a `FAIL` the server does not start or must not be trusted."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report; `text` says what to do where something is to be done."""

    level: Level
    about: str
    text: str
