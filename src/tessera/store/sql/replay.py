"""Proofs that were used."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.ConsumeProof: (
        Statement(
            "insert into spent_proof (proof, expires_at) select :proof, :expires_at"
            " where :expires_at > coalesce((select at from watermark where name = 'spent_proof'), 0)"
            " on conflict do nothing",
            "the proof was not used, and none that ends as early was purged",
        ),
    ),
}

SPENT = "select expires_at from spent_proof where proof = :proof"
