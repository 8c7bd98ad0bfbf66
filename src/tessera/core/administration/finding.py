"""What a look at the installation found."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad a finding is; with a `FAIL` the server does not start or must not be trusted."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report; `text` says what is to be done, and names no command.

    Where a surface can say what to type (`cli/advice.py`), a `code` and `parameters` tell it about what.
    """

    level: Level
    about: str
    text: str
    code: str = ""
    parameters: Mapping[str, str] = {}
