"""Countries: the 3-letter code (ISO 3166-1) of a country, by either of its codes."""

from iso3166 import countries_by_alpha2, countries_by_alpha3

RESERVED = {"EL": "GRC", "UK": "GBR"}
"""2-letter codes that the standard reserves and does not list, for Greece and the United Kingdom. Both are common."""


def code(text: str) -> str | None:
    """The 3-letter code of a country, by its 2-letter or 3-letter code in any case; None for anything else."""
    upper = text.upper() if text.isascii() and text.isalpha() else ""
    if upper in countries_by_alpha3:
        return upper
    country = countries_by_alpha2.get(upper)
    return RESERVED.get(upper) if country is None else country.alpha3
