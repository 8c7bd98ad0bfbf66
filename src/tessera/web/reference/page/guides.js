// Guides: what a partner's engineer needs beside the operations, each on one page. Links lead to operations.

import { el, line } from "./dom.js";

const GUIDES = [
  {
    id: "guide-tokens", title: "Get and keep a token", about: "Request a token once, keep it, and request the next in time.",
    parts: [
      ["Request it", "Send your client id and secret to `/oauth/token`, by HTTP Basic or in a form body, with `grant_type=client_credentials`. Not in the address: addresses end in logs.", "requestToken"],
      ["Keep it", "A token lives for `expires_in` seconds, 14 days unless your application is set up otherwise. Keep it in the memory of your server and send it with every call as `Authorization: Bearer`. One token serves all your calls, also many at a time."],
      ["Replace it", "Request the next one a minute before the end, or when an answer is 401, and send the call again. When it is 401 again, do not repeat it: the credentials are no longer valid."],
      ["End it", "A token that you do not need any more, or that leaked, is revoked at once.", "revokeToken"],
    ],
  },
  {
    id: "guide-properties", title: "Call with an API key and secret", about: "HTTP Basic in place of a token, and how its secret is rotated.",
    parts: [
      ["Send both", "The API key of your digital property is the user, its secret the password: `Authorization: Basic`. It opens every platform endpoint but those that need `loyalty:admin`.", "getCustomer"],
      ["Rotate the secret", "A property may have several secrets at once. The operator makes the next one and gives the old one an end; you change over in between, and no call is refused."],
      ["When it is refused", "A wrong key, a wrong or ended secret and a network that is not allowed have the same answer, 401 `invalid_auth_token`. The operator finds the reason by the `X-Request-Id` of the answer."],
    ],
  },
  {
    id: "guide-errors", title: "Errors and retries", about: "What to repeat, when, and what to tell the operator.",
    parts: [
      ["Decide by the code", "OAuth endpoints answer `{\"error\": ...}`, the platform `{\"status\": \"error\", \"errors\": {\"code\": ...}}`. Decide by the code and the status. The text is for people and may change."],
      ["Repeat", "429 and 503 mean later: wait as long as `Retry-After` says, then send the same request again. After a connection that broke, repeat reads at once, and writes with the same idempotency id."],
      ["Do not repeat", "Other answers of 400 and above stay as they are until the request changes. Tell the operator the `X-Request-Id` of the answer: it says why."],
      ["Limits", "When your application or property has a limit, every answer has `RateLimit-Policy` and `RateLimit`: what is left (`r`), and in how many seconds there is more (`t`)."],
    ],
  },
  {
    id: "guide-points", title: "Points, once and only once", about: "Deposit and spend without doing anything twice.",
    parts: [
      ["Name each order", "Give every deposit and spend an `idempotency_id` of your own, such as the number of the receipt. The same request with the same id is done once, however often it arrives; another request with that id is refused with 409.", "depositPoints"],
      ["Read the result", "Tiers follow from points by themselves. Read the customer, or the tier status, after a deposit.", "getTierStatus"],
    ],
  },
];

export const guides = () => GUIDES;

export function guideView(guide, operations) {
  const link = (id) => {
    const found = operations.find((each) => each.id === id);
    return found && el("p", {}, el("a", { href: `#${found.id}` }, found.summary));
  };
  return el("article", { class: "guide" },
    el("p", { class: "crumb" }, "Guide"), el("h1", {}, guide.title), el("p", {}, line(guide.about)),
    guide.parts.map(([title, text, id]) => [el("h2", {}, title), el("p", {}, line(text)), id && link(id)]));
}
