"""The client of openapi-python-client: a token, a profile, a tier status, and a customer who is not there."""

import json
import os
from uuid import UUID, uuid4

import httpx
from tessera_client import AuthenticatedClient, Client
from tessera_client.api.customers import get_customer
from tessera_client.api.loyalty import get_tier_status
from tessera_client.api.o_auth import request_token
from tessera_client.models import PlatformError, TierStatusRequest, TokenRequest, TokenRequestGrantType

said = os.environ
basic = httpx.BasicAuth(said["CLIENT_ID"], said["CLIENT_SECRET"])
form = TokenRequest(grant_type=TokenRequestGrantType.CLIENT_CREDENTIALS)
token = request_token.sync(client=Client(said["TESSERA"], httpx_args={"auth": basic}), body=form)

client = AuthenticatedClient(said["TESSERA"], token=token.access_token)
customer_id = UUID(said["CUSTOMER_ID"])
flags = {"useruser_profile": True, "show_identifiers": True, "expand_incentives": True}
customer = get_customer.sync(said["API_KEY"], customer_id, client=client, **flags).user
asked = TierStatusRequest(retailer_id=said["RETAILER_ID"], user_id=customer_id)
status = get_tier_status.sync(client=client, body=asked).payload
refused = get_customer.sync_detailed(said["API_KEY"], uuid4(), client=client)
assert refused.status_code == 404
assert isinstance(refused.parsed, PlatformError)

print(
    json.dumps(
        {
            "token_type": token.token_type,
            "customer": str(customer.id),
            "tier": customer.tier,
            "level": status.tier_levels[0].tier_overview.name,
            "code": refused.parsed.errors.code,
        }
    )
)
