"""The client of openapi-generator for Python: a token, a profile, a tier status, and a customer who is not there."""

import json
import os
from uuid import uuid4

import openapi_client
from openapi_client.exceptions import NotFoundException
from openapi_client.models.tier_status_request import TierStatusRequest

said = os.environ
configuration = openapi_client.Configuration(
    host=said["TESSERA"], username=said["CLIENT_ID"], password=said["CLIENT_SECRET"]
)
with openapi_client.ApiClient(configuration) as client:
    token = openapi_client.OAuthApi(client).request_token("client_credentials")

configuration = openapi_client.Configuration(host=said["TESSERA"], access_token=token.access_token)
with openapi_client.ApiClient(configuration) as client:
    customers, loyalty = openapi_client.CustomersApi(client), openapi_client.LoyaltyApi(client)
    customer = customers.get_customer(said["API_KEY"], said["CUSTOMER_ID"], True, True, True).user
    asked = TierStatusRequest(retailer_id=said["RETAILER_ID"], user_id=said["CUSTOMER_ID"])
    status = loyalty.get_tier_status(asked).payload
    try:
        customers.get_customer(said["API_KEY"], uuid4())
    except NotFoundException as refused:
        code = refused.data.errors.code

print(
    json.dumps(
        {
            "token_type": token.token_type,
            "customer": str(customer.id),
            "tier": customer.tier,
            "level": status.tier_levels[0].tier_overview.name,
            "code": code,
        }
    )
)
