"""What fails again and again while something is away: told once when it begins, and once when it is over."""

from tessera.ops.log import log


class OutageLog:
    """One thing that may fail: `event` is logged when it begins to, `over` when it works again."""

    __slots__ = ("_event", "_met", "_over", "_told")

    def __init__(self, event: str, over: str, **told: str) -> None:
        self._event = event
        self._over = over
        self._told = told
        self._met = 0

    def met(self, error: BaseException) -> None:
        """It failed."""
        self._met += 1
        if self._met == 1:
            log.error(self._event, reason=str(error), **self._told)

    def none(self) -> None:
        """It worked."""
        if self._met:
            log.info(self._over, failures=self._met, **self._told)
            self._met = 0
