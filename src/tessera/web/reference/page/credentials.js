// Who is calling: one "Authorize" for all calls. It is kept for this tab, and goes to this server alone.

import { el, field } from "./dom.js";
import { BASE } from "./document.js";

const KEPT = "tessera-credentials";

const EMPTY = { way: "client", token: "", clientId: "", clientSecret: "", apiKey: "", propertySecret: "", told: "" };

const WAYS = { client: "Client id", token: "Token", property: "API key" };

const SECRET = { class: "secret" }; // covered by the style sheet: browsers offer to keep what is typed as a password

export const held = { ...EMPTY, ...kept() };

let changed = () => {};

// Have this called whenever the credentials are others.
export function onChange(listener) {
  changed = listener;
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep() {
  try {
    if (Object.entries(EMPTY).every(([name, value]) => name === "way" || held[name] === value)) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, JSON.stringify(held));
  } catch {
    // A browser that keeps nothing: the credentials last until the page is loaded again.
  }
  drawAuthorize();
  changed();
}

const encoded = (text) => new URLSearchParams([["", text]]).toString().slice(1);

function basic(user, password) {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

const clientHeader = () => basic(encoded(held.clientId), encoded(held.clientSecret));

// With what a call is authorized: "client", "property", "token", or null for nothing.
export function way(forClients) {
  if (forClients) return held.clientId ? "client" : null;
  if (held.way === "property") return held.apiKey ? "property" : null;
  return held.token ? "token" : null;
}

// The Authorization header of a call, or null.
export function authorization(forClients) {
  return { client: clientHeader, property: () => basic(held.apiKey, held.propertySecret), token: () => `Bearer ${held.token}` }[
    way(forClients)
  ]?.() ?? null;
}

// Take the token of an answer of /oauth/token, for all calls from now on.
export function takeToken(said) {
  if (typeof said?.access_token !== "string") return;
  held.token = said.access_token;
  held.told = `Scope ${said.scope || "none"}, valid for ${duration(said.expires_in)}.`;
  if (held.way === "property") held.way = "token";
  keep();
}

async function requestToken() {
  const headers = { Authorization: clientHeader(), "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${BASE}/oauth/token`, {
    method: "POST", headers, body: "grant_type=client_credentials", credentials: "omit", cache: "no-store",
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error_description ?? `Answered with ${answer.status}.`);
  takeToken(said);
}

function duration(seconds) {
  if (seconds >= 172800) return `${Math.round(seconds / 86400)} days`;
  return seconds >= 7200 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 60)} minutes`;
}

// The button at the top of the page says whether calls are authorized.
export function drawAuthorize() {
  const button = document.getElementById("authorize");
  const authorized = way(false) !== null;
  button.textContent = authorized ? "Authorized" : "Authorize";
  button.classList.toggle("on", authorized);
}

// What stands beside a request: who is calling, and the button that changes it.
export function credentialsCard(forClients) {
  const said = el("p", { class: "note", role: "status" });
  const button = el("button", { type: "button", class: "wide", on: { click: openDialog } });
  const draw = () => {
    const found = way(forClients);
    said.textContent = {
      client: `The client ${held.clientId.slice(0, 12)}… with its secret.`,
      property: `The API key ${held.apiKey.slice(0, 12)}… with its secret.`,
      token: `Your token ${held.token.slice(0, 8)}…${held.token.slice(-4)}. ${held.told}`,
    }[found] ?? "Sent without credentials until you authorize.";
    button.textContent = found ? "Change" : "Authorize";
  };
  draw();
  const card = el("section", { class: "card credentials", "aria-label": "Credentials" }, el("h3", {}, "Credentials"), said, button);
  return { card, draw };
}

const body = el("div", {});
const dialog = el("dialog", { class: "card", "aria-labelledby": "authorize-title" },
  el("h2", { id: "authorize-title" }, "Authorize"),
  el("p", { class: "note" }, "For all calls on this page. Kept for this tab until you close it, and sent to this server only."),
  body,
  el("div", { class: "buttons" },
    el("button", { type: "button", class: "small forget", on: { click: forget } }, "Forget everything"),
    el("button", { type: "button", class: "wide primary done", on: { click: () => dialog.close() } }, "Done")));
document.body.append(dialog);

export function openDialog() {
  draw();
  dialog.showModal();
}

function forget() {
  Object.assign(held, EMPTY);
  keep();
  draw();
}

function bound(name, properties = {}) {
  return el("input", {
    type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", value: held[name], name, ...properties,
    on: {
      input: (event) => {
        held[name] = event.target.value.trim();
        if (name === "token") held.told = "";
        keep();
      },
    },
  });
}

function draw() {
  const choose = (chosen) => () => { held.way = chosen; keep(); draw(); };
  const tabs = el("div", { class: "tabs", role: "group", "aria-label": "Way to authenticate" },
    Object.entries(WAYS).map(([name, label]) =>
      el("button", { type: "button", "aria-pressed": String(held.way === name), on: { click: choose(name) } }, label)));
  const fields = {
    client: () => [field("Client id", bound("clientId")), field("Client secret", bound("clientSecret", SECRET)), tokenButton()],
    token: () => [field("Token", bound("token", { ...SECRET, placeholder: "From /oauth/token" }), held.told)],
    property: () => [field("API key", bound("apiKey")), field("Secret of the property", bound("propertySecret", SECRET))],
  }[held.way]();
  body.replaceChildren(tabs, ...fields);
}

function tokenButton() {
  const said = el("p", { class: "note", role: "status" }, held.token && `You have a token. ${held.told}`);
  const ask = async () => {
    said.className = "note";
    said.textContent = "Requesting …";
    try {
      await requestToken();
      said.textContent = `You have a token. ${held.told}`;
    } catch (error) {
      said.className = "note wrong";
      said.textContent = error.message;
    }
  };
  return el("div", {}, el("button", { type: "button", class: "wide get", on: { click: ask } }, "Get a token"), said);
}
