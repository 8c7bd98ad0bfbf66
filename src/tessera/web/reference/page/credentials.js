// Who is calling. What is typed here stays in the memory of this page, and goes to this server alone.

import { el, field } from "./dom.js";
import { BASE } from "./document.js";

export const held = { way: "token", token: "", clientId: "", clientSecret: "", apiKey: "", propertySecret: "", told: "" };

const WAYS = { token: "Token", client: "Client", property: "API key", none: "Nobody" };

const SECRET = { class: "secret" }; // covered by the style sheet: browsers offer to keep what is typed as a password

const encoded = (text) => new URLSearchParams([["", text]]).toString().slice(1);

function basic(user, password) {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

const clientHeader = () => basic(encoded(held.clientId), encoded(held.clientSecret));

// The Authorization header of a call, or null.
export function authorization(forClients) {
  if (forClients) return held.clientId && clientHeader();
  if (held.way === "property") return held.apiKey && basic(held.apiKey, held.propertySecret);
  return held.way !== "none" && held.token ? `Bearer ${held.token}` : null;
}

async function requestToken() {
  const headers = { Authorization: clientHeader(), "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${BASE}/oauth/token`, {
    method: "POST", headers, body: "grant_type=client_credentials", credentials: "omit", cache: "no-store",
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error_description ?? `Answered with ${answer.status}.`);
  held.token = said.access_token;
  held.told = `Scope ${said.scope}, for ${duration(said.expires_in)}.`;
}

function duration(seconds) {
  if (seconds >= 172800) return `${Math.round(seconds / 86400)} days`;
  return seconds >= 7200 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 60)} minutes`;
}

function bound(name, properties, changed) {
  return el("input", {
    type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", value: held[name], name, ...properties,
    on: { input: (event) => { held[name] = event.target.value.trim(); changed(); } },
  });
}

const clientFields = (changed) => [
  field("Client id", bound("clientId", {}, changed)),
  field("Client secret", bound("clientSecret", SECRET, changed)),
];

// The card in which credentials are typed; `changed` is told when they are others.
export function credentialsCard(forClients, changed) {
  const body = el("div", {});
  const draw = () => body.replaceChildren(...(forClients ? clientFields(changed) : wayFields(draw, changed)));
  draw();
  return el("section", { class: "card credentials", "aria-label": "Credentials" },
    el("h3", {}, "Credentials"), body,
    el("p", { class: "note" }, "Kept in the memory of this page only, until it is closed."));
}

function wayFields(draw, changed) {
  const choose = (way) => () => { held.way = way; draw(); changed(); };
  const tabs = el("div", { class: "tabs", role: "group", "aria-label": "Way to authenticate" },
    Object.entries(WAYS).map(([way, label]) =>
      el("button", { type: "button", "aria-pressed": String(held.way === way), on: { click: choose(way) } }, label)));
  if (held.way === "token") {
    return [tabs, field("Token", bound("token", { ...SECRET, placeholder: "From /oauth/token" }, changed),
      held.token && held.told)];
  }
  if (held.way === "client") return [tabs, ...clientFields(() => {}), tokenButton(changed)];
  if (held.way === "property") {
    return [tabs, field("API key", bound("apiKey", {}, changed)),
      field("Secret of the property", bound("propertySecret", SECRET, changed))];
  }
  return [tabs, el("p", { class: "note" }, "The call is sent without credentials.")];
}

function tokenButton(changed) {
  const said = el("p", { class: "note", role: "status" }, held.token && held.told);
  const ask = async () => {
    said.className = "note";
    said.textContent = "Asking …";
    try {
      await requestToken();
      said.textContent = `You have a token. ${held.told}`;
      changed();
    } catch (error) {
      said.className = "note wrong";
      said.textContent = error.message;
    }
  };
  return el("div", {}, el("button", { type: "button", class: "wide", on: { click: ask } }, "Get a token"), said);
}
