"""What the service tells of itself, by what is set up: what a proxy and authorities add, and nothing else."""

import pytest

from tessera.core import scopes
from tessera.core.keys import jws
from tessera.core.oauth import metadata

ISSUER = "https://id.example/one"
GRANTS = ("client_credentials",)


@pytest.mark.parametrize(
    ("certificates", "authorities", "added"),
    [
        (False, False, ()),
        (False, True, ()),
        (True, False, ("self_signed_tls_client_auth",)),
        (True, True, ("self_signed_tls_client_auth", "tls_client_auth")),
    ],
)
def test_certificates_are_told_of_where_they_are_handed_over(
    certificates: bool, authorities: bool, added: tuple[str, ...]
) -> None:
    """At all three endpoints alike; by subject only where an authority is believed."""
    told = metadata.authorization_server(ISSUER, grants=GRANTS, certificates=certificates, authorities=authorities)
    methods = ("client_secret_basic", "client_secret_post", "private_key_jwt", *added)
    assert told.token_endpoint_auth_methods_supported == methods
    assert told.revocation_endpoint_auth_methods_supported == methods
    assert told.introspection_endpoint_auth_methods_supported == (*methods, "Bearer", "DPoP")
    assert told.tls_client_certificate_bound_access_tokens is certificates


def test_what_is_always_told() -> None:
    """Grants, scopes, algorithms and addresses, in both documents."""
    told, resource = metadata.authorization_server(ISSUER, grants=GRANTS), metadata.protected_resource(ISSUER)
    assert told.grant_types_supported == ("client_credentials",)
    assert told.subject_types_supported == ("public",)
    assert told.introspection_signing_alg_values_supported == ("EdDSA",)
    assert told.scopes_supported == resource.scopes_supported == scopes.WELL_KNOWN
    assert told.dpop_signing_alg_values_supported == resource.dpop_signing_alg_values_supported == jws.ALGORITHMS
    assert told.protected_resources == (resource.resource,) == (ISSUER,)
    assert resource.authorization_servers == (told.issuer,)
    assert resource.bearer_methods_supported == ("header",)
    assert told.service_documentation == resource.resource_documentation == f"{ISSUER}/docs"


def test_documents_stand_at_both_addresses() -> None:
    """With the issuer's path behind the document's own, and without it; where there is none, at one."""
    assert metadata.addresses("/a", ISSUER) == ["/a", "/a/one"]
    assert metadata.addresses("/a", "https://id.example") == ["/a"]
    assert metadata.protected_resource_address(ISSUER) == f"https://id.example{metadata.PROTECTED_RESOURCE}/one"
