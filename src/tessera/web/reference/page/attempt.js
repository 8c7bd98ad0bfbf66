// Trying a call: the request as it will be sent, the same as code, and what came back.

import { copyButton, el, field } from "./dom.js";
import { BASE, examples, forClients } from "./document.js";
import { authorization, credentialsCard, onChange, takeToken, way } from "./credentials.js";
import { LANGUAGES } from "./samples.js";
import { answerCard } from "./answer.js";
import { sample } from "./schema.js";

const FORM = "application/x-www-form-urlencoded";

const typed = new Map(); // values by name: what was typed for one operation is offered to the next
const seen = new Map(); // ids by name, as answers had them

let language = "curl"; // the one that was chosen last

// The value of a place in the address: what was typed, what an answer had, or an example that exists.
const valueAt = (name) => typed.get(name) ?? seen.get(name) ?? examples()[name] ?? "";

const MADE_UP = new Set(["external_id", "idempotency_id", "reference_id"]); // ids that are the caller's own to choose

// The panel for one operation.
export function attempt(operation) {
  const state = { path: operation.path, type: Object.keys(operation.requestBody?.content ?? {})[0], body: "", query: {} };
  state.body = startingBody(operation, state.type);
  const shown = el("pre", { class: "code", tabindex: "0", "aria-label": "Code" });
  const update = () => (shown.textContent = LANGUAGES[language].shown(built(operation, state)));
  const answer = el("div", { class: "answer", "aria-live": "polite" });
  const send = el("button", { type: "submit", class: "primary wide" }, "Send ", el("kbd", {}, "Ctrl ↵"));
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.replaceChildren(await sent(built(operation, state)));
    send.disabled = false;
    answer.scrollIntoView({ block: "nearest", behavior: "smooth" });
  };
  const form = el("form", { class: "card request", on: { submit, input: update } },
    el("h3", {}, "Request"), inputs(operation, state, update), send);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  update();
  const credentials = credentialsCard(forClients(operation));
  onChange(() => { credentials.draw(); update(); });
  return el("aside", { class: "attempt", "aria-label": "Try it" },
    credentials.card, form,
    el("section", { class: "card samples" },
      el("h3", {}, "Code", copyButton(() => LANGUAGES[language].copied(built(operation, state)))), languageTabs(update), shown),
    answer);
}

function languageTabs(update) {
  const tabs = el("div", { class: "tabs", role: "group", "aria-label": "Language" });
  const choose = (name) => () => {
    language = name;
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.textContent === name));
    update();
  };
  tabs.append(...Object.keys(LANGUAGES).map((name) =>
    el("button", { type: "button", "aria-pressed": String(name === language), on: { click: choose(name) } }, name)));
  return tabs;
}

function inputs(operation, state, update) {
  const found = operation.also.length ? [addressField(operation, state)] : [];
  for (const each of operation.parameters) {
    found.push(field([each.name, each.required && el("span", { class: "required" }, "required")], valueInput(each, state)));
  }
  if (operation.requestBody) found.push(...bodyFields(operation, state, update));
  return found;
}

function addressField(operation, state) {
  const options = [operation.path, ...operation.also].map((path) => el("option", { value: path }, path));
  return field("Address", el("select", { on: { input: (event) => (state.path = event.target.value) } }, options));
}

function valueInput(parameter, state) {
  const keep = (event) => {
    if (parameter.in === "path") typed.set(parameter.name, event.target.value);
    else state.query[parameter.name] = event.target.value;
  };
  if (parameter.schema.type === "boolean") {
    const options = ["", "true", "false"].map((each) => el("option", { value: each }, each || "not sent"));
    return el("select", { name: parameter.name, on: { input: keep } }, options);
  }
  const hint = parameter.schema.type === "array" ? "several with commas between them" : parameter.in === "query" ? "optional" : "";
  const value = parameter.in === "path" ? valueAt(parameter.name) : "";
  return el("input", {
    type: parameter.schema.type === "integer" ? "number" : "text", name: parameter.name, value, placeholder: hint,
    autocomplete: "off", spellcheck: "false", on: { input: keep },
  });
}

function bodyFields(operation, state, update) {
  const types = Object.keys(operation.requestBody.content);
  const text = el("textarea", { name: "body", spellcheck: "false", on: { input: (event) => (state.body = event.target.value) } });
  const fit = () => (text.rows = Math.min(18, text.value.split("\n").length + 1));
  const show = () => { text.value = state.body; fit(); };
  text.addEventListener("input", fit);
  show();
  const choose = (event) => {
    state.type = event.target.value;
    state.body = startingBody(operation, state.type);
    show();
    update();
  };
  const options = types.map((type) => el("option", { value: type }, type));
  const type = types.length > 1 && field("Type", el("select", { on: { input: choose } }, options));
  return [type, field("Body", text)].filter(Boolean);
}

// A body to start from, with the values that were typed, and the ids that were answered, elsewhere on the page.
function startingBody(operation, type) {
  if (!type) return "";
  const media = operation.requestBody.content[type];
  const value = filled(media.example ?? sample(media.schema));
  return type === FORM ? new URLSearchParams(value).toString() : JSON.stringify(value, null, 2);
}

function filled(value) {
  if (Array.isArray(value)) return value.map(filled);
  if (value === null || typeof value !== "object") return value;
  const known = (name) => !MADE_UP.has(name) && valueAt(name);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, known(name) || filled(each)]));
}

// Keep the first id of each name in an answer.
function learn(value) {
  for (const [name, each] of Object.entries(value ?? {})) {
    if (each !== null && typeof each === "object") learn(each);
    else if (name.endsWith("_id") && typeof each === "string" && each && !seen.has(name)) seen.set(name, each);
  }
}

// The request as it will be sent.
function built(operation, state) {
  const path = state.path.replace(/\{([^}]+)\}/g, (all, name) => (valueAt(name) ? encodeURIComponent(valueAt(name)) : all));
  const pairs = [];
  for (const each of operation.parameters.filter((parameter) => parameter.in === "query")) {
    const value = state.query[each.name] ?? "";
    const values = each.schema.type === "array" ? value.split(",").map((one) => one.trim()) : [value];
    pairs.push(...values.filter(Boolean).map((one) => [each.name, one]));
  }
  const query = new URLSearchParams(pairs).toString();
  const headers = [];
  const proof = authorization(forClients(operation));
  if (proof) headers.push(["Authorization", proof]);
  if (state.type && state.body) headers.push(["Content-Type", state.type]);
  return {
    method: operation.method, url: BASE + path + (query && `?${query}`), headers, body: state.body || undefined,
    way: way(forClients(operation)),
  };
}

async function sent(request) {
  const began = performance.now();
  try {
    const { method, headers, body } = request;
    const answer = await fetch(request.url, { method, headers, body, credentials: "omit", cache: "no-store" });
    const text = await answer.text();
    const took = performance.now() - began;
    const said = answer.ok ? JSON.parse(text || "{}") : {};
    learn(said);
    takeToken(said);
    return answerCard(answer, text, took);
  } catch (error) {
    return el("section", { class: "card" }, el("h3", {}, "No answer"), el("p", { class: "wrong" }, error.message));
  }
}
