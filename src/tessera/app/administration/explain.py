"""Telling an operator why a request was refused, by its id."""

import re

import msgspec

from tessera.app.context import Context
from tessera.app.operators import OperatorError
from tessera.app.state.refusals import LATEST_SECONDS
from tessera.core.administration import advice
from tessera.core.administration.explanations import Explanation
from tessera.core.administration.pseudonyms import REFUSAL

_ID = re.compile(r"[0-9a-f]{32}")

ABOUT_MAX = 1000
"""Refusals that are listed of one id, at most."""

_decode = msgspec.json.Decoder(Explanation).decode


class Explained(msgspec.Struct, frozen=True):
    """A refusal, what it means that this check failed, and how to put it right; None where the surface words that."""

    refusal: Explanation
    failed: str
    advice: str | None


async def explain(context: Context, request_id: str) -> Explained:
    """Why a request was refused. Raises OperatorError when that is not kept, or the id is none."""
    wanted = request_id.strip().lower()
    if not _ID.fullmatch(wanted):
        raise OperatorError("request_id_malformed")
    found = await context.store.refusal(wanted)
    if found is None:
        raise OperatorError("refusal_not_kept", days=context.settings.refusals_retention_days, seconds=LATEST_SECONDS)
    refusal = _decode(found)
    told = advice.advice_for(refusal.check, refusal.code)
    return Explained(refusal, told.failed, told.advice)


async def about(context: Context, id: str) -> list[Explanation]:
    """The refusals of requests in whose address this id stood, the newest first."""
    digest = context.pseudonym(REFUSAL, id)
    found = [_decode(each) for each in await context.store.refusals_with(digest, ABOUT_MAX)]
    return [each for each in found if digest in each.ids.values()]
