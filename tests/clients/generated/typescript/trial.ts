// The types of openapi-typescript with openapi-fetch: a token, a profile, a tier status, and a customer who is not there.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

function said(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function there<T>(answer: { data?: T; response: Response }): T {
  if (answer.data === undefined) throw new Error(`answered with ${answer.response.status}`);
  return answer.data;
}

const baseUrl = said("TESSERA");
const basic = Buffer.from(`${said("CLIENT_ID")}:${said("CLIENT_SECRET")}`).toString("base64");
const anybody = createClient<paths>({ baseUrl });
const token = there(
  await anybody.POST("/oauth/token", {
    body: { grant_type: "client_credentials" },
    bodySerializer: (body) => new URLSearchParams({ grant_type: body.grant_type }),
    headers: { Authorization: `Basic ${basic}`, "Content-Type": "application/x-www-form-urlencoded" },
  }),
);

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token.access_token}` } });
const [api_key, user_id, retailer_id] = [said("API_KEY"), said("CUSTOMER_ID"), said("RETAILER_ID")];
const read = (id: string) =>
  client.GET("/priv/v1/apps/{api_key}/users/{user_id}", {
    params: {
      path: { api_key, user_id: id },
      query: { "user[user_profile]": true, show_identifiers: true, expand_incentives: true },
    },
  });
const customer: components["schemas"]["Customer"] = there(await read(user_id)).user;
const status = there(await client.POST("/api/1.0/user_tiers/tier_status", { body: { retailer_id, user_id } })).payload;
const { error } = await read(crypto.randomUUID());
const refused: components["schemas"]["PlatformError"] | undefined = error;

console.log(
  JSON.stringify({
    token_type: token.token_type,
    customer: customer.id,
    tier: customer.tier,
    level: status.tier_levels[0]?.tier_overview.name,
    code: refused?.errors.code,
  }),
);
