// openid-client as it is published: discovery, private_key_jwt with DPoP, introspection and revocation.

import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { TESSERA, CLIENT_ID, PRIVATE_KEY, ALGORITHM, PROFILE } = process.env;

const imported = ALGORITHM === "Ed25519" ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" };
const pem = readFileSync(PRIVATE_KEY, "ascii").replace(/-----[A-Z ]+-----|\s/g, "");
const key = await crypto.subtle.importKey("pkcs8", Buffer.from(pem, "base64"), imported, false, ["sign"]);

const configuration = await client.discovery(
  new URL(TESSERA), CLIENT_ID, undefined, client.PrivateKeyJwt(key),
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] },
);
const DPoP = client.getDPoPHandle(configuration, await client.randomDPoPKeyPair("ES256"));

const reply = await client.clientCredentialsGrant(configuration, {}, { DPoP });
const read = await client.fetchProtectedResource(
  configuration, reply.access_token, new URL(PROFILE), "GET", undefined, undefined, { DPoP },
);
const before = await client.tokenIntrospection(configuration, reply.access_token);
await client.tokenRevocation(configuration, reply.access_token);
const after = await client.tokenIntrospection(configuration, reply.access_token);

console.log(JSON.stringify({
  token_type: reply.token_type,
  thumbprint: await DPoP.calculateThumbprint(),
  status: read.status,
  before,
  after,
}));
