// oauth4webapi as it is published: discovery, a DPoP-bound token with the nonce that is asked for, and a call with it.

import * as oauth from "oauth4webapi";

const { TESSERA, CLIENT_ID, CLIENT_SECRET, PROFILE, ALGORITHM } = process.env;
const onLoopback = { [oauth.allowInsecureRequests]: true };

const issuer = new URL(TESSERA);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...onLoopback });
const server = await oauth.processDiscoveryResponse(issuer, discovered);

const client = { client_id: CLIENT_ID };
const authentication = oauth.ClientSecretBasic(CLIENT_SECRET);
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(ALGORITHM));
const asked = { token: 0, profile: 0 };

async function token() {
  asked.token += 1;
  const answer = await oauth.clientCredentialsGrantRequest(
    server, client, authentication, new URLSearchParams(), { DPoP, ...onLoopback },
  );
  return oauth.processClientCredentialsResponse(server, client, answer);
}

function profile(accessToken) {
  asked.profile += 1;
  return oauth.protectedResourceRequest(
    accessToken, "GET", new URL(PROFILE), undefined, undefined, { DPoP, ...onLoopback },
  );
}

async function withNonce(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return attempt(); // the library has kept the nonce of the refusal
  }
}

const reply = await withNonce(token);
const read = await withNonce(() => profile(reply.access_token));
const stolen = await fetch(PROFILE, { headers: { authorization: `Bearer ${reply.access_token}` } });

console.log(JSON.stringify({
  algorithms: server.dpop_signing_alg_values_supported,
  token_type: reply.token_type,
  thumbprint: await DPoP.calculateThumbprint(),
  access_token: reply.access_token,
  status: read.status,
  customer: (await read.json()).user.id,
  stolen: stolen.status,
  asked,
}));
