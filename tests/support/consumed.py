"""One proof, used up as the token endpoint does with all proofs of a request."""

from tessera.app import replay
from tessera.app.context import Context


async def consume_one(context: Context, kind: str, parts: tuple[str, ...], expires_at: int) -> bool:
    """Consume a proof; False when it was consumed before. Raises as `replay.consume` does."""
    return await replay.consume(context, [replay.Use(kind, parts, expires_at)]) is None
