"""Proofs that were used."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.SpendProof: (
        Statement(
            "insert into spent_proof (proof, expires_at) values (:proof, :expires_at) on conflict do nothing",
            "the proof was not used",
        ),
    ),
    changes.ForgetProofs: (Statement("delete from spent_proof where expires_at <= :now"),),
}

SPENT = "select expires_at from spent_proof where proof = :proof"
