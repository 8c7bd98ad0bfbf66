"""Pseudonyms: the same id is found again by whoever has the key, and by nobody else."""

from tessera.core.administration.pseudonyms import AUDIT, REFUSAL, pseudonym

KEY = b"k" * 32


def test_a_pseudonym_is_the_same_each_time() -> None:
    """It is 32 hex digits, whatever the id is made of, and stays what it was: entries of years ago are found by it."""
    assert pseudonym(KEY, AUDIT, "card-000057") == "382a4c667f305fa137c7847d35129454"
    for id in ("", "caf\u00e9", "\udcff", "x" * 10_000):
        assert len(pseudonym(KEY, AUDIT, id)) == 32


def test_another_key_purpose_or_id_makes_another() -> None:
    """Notes of two kinds cannot be put together, nor those of two ids, nor made without the key."""
    made = {
        pseudonym(key, purpose, id)
        for key in (KEY, b"l" * 32)
        for purpose in (AUDIT, REFUSAL)
        for id in ("card-000057", "card-000058")
    }
    assert len(made) == 8
