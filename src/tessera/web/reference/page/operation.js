// One operation: what it is for, takes and answers; beside it the panel to try it.

import { address, copyButton, el, line, methodBadge, prose } from "./dom.js";
import { forClients, forProperties, resolved, scopeOf } from "./document.js";
import { attempt } from "./attempt.js";
import { coloured } from "./answer.js";
import { kind, member, members, sample } from "./schema.js";

export function operationView(operation) {
  return el("div", { class: "operation" },
    el("article", {},
      el("p", { class: "crumb" }, operation.tags[0]),
      el("h1", {}, operation.summary),
      el("p", { class: "address bar" }, methodBadge(operation.method), el("code", {}, address(operation.path)), copyButton(() => operation.path)),
      operation.also.length > 0 && alsoAt(operation),
      operation.description !== `${operation.summary}.` && prose(operation.description),
      needs(operation),
      el("button", { type: "button", class: "wide jump", on: { click: toPanel } }, "Try it ↓"),
      parameters(operation, "path", "Path parameters"),
      body(operation),
      parameters(operation, "query", "Query parameters"),
      otherQuery(operation),
      answers(operation)),
    attempt(operation));
}

function toPanel() {
  document.querySelector(".attempt").scrollIntoView({ behavior: "smooth" });
}

function alsoAt(operation) {
  return el("details", { class: "also" },
    el("summary", {}, `Also at ${operation.also.length} other address${operation.also.length > 1 ? "es" : ""}`),
    el("ul", {}, operation.also.map((path) => el("li", {}, el("code", {}, address(path))))));
}

function needs(operation) {
  if (forClients(operation)) {
    return el("p", { class: "needs" }, el("span", { class: "chip" }, "Client id and secret"), " by HTTP Basic, or as parameters.");
  }
  const scope = scopeOf(operation);
  if (!forProperties(operation)) {
    return el("p", { class: "needs" }, el("span", { class: "chip" }, scope), ": a token with this scope, and nothing else.");
  }
  return el("p", { class: "needs" },
    scope && [el("span", { class: "chip" }, scope), " or ", el("span", { class: "chip" }, "openid"), ": a token with one of these scopes, "],
    scope ? "or" : "A token,", " the API key and secret of a property.");
}

function parameters(operation, place, heading) {
  const found = operation.parameters.filter((each) => each.in === place);
  if (!found.length) return null;
  const rows = found.map((each) => member(each.name, { ...each.schema, description: each.description }, each.required && "required"));
  return el("section", {}, el("h2", {}, heading), el("ul", { class: "members" }, rows));
}

// What may also stand in the query string, and is better sent in the body.
function otherQuery(operation) {
  const query = operation["x-also-accepted"]?.query ?? [];
  return parameters({ parameters: query }, "query", "Also in the query string, or in JSON");
}

function body(operation) {
  if (!operation.requestBody) return null;
  const content = Object.entries(operation.requestBody.content);
  const schema = content[0][1].schema;
  return el("section", {},
    el("h2", {}, "Request body", el("span", { class: "beside" }, content.map(([type]) => type).join(" or "))),
    members(schema));
}

function answers(operation) {
  const rows = Object.entries(operation.responses).sort().map(([status, answer]) => answerRow(status, resolved(answer)));
  return el("section", {}, el("h2", {}, "Responses"), rows);
}

function answerRow(status, answer) {
  const [type, media] = Object.entries(answer.content ?? {})[0] ?? [];
  const said = answer.description.split("\n");
  const head = el("summary", {},
    el("span", { class: `status s${status[0]}` }, status),
    el("span", { class: "said" }, line(status === "200" ? said[0] : codes(said))));
  const told = status === "200" ? [] : said.map((text) => el("p", {}, line(text)));
  const headers = Object.entries(answer.headers ?? {}).filter(([name]) => name !== "Cache-Control");
  return el("details", { class: "status-row", open: status === "200" }, head,
    el("div", { class: "inside" }, told,
      headers.map(([name, each]) => el("p", { class: "faint" }, el("code", {}, name), ` ${each.description}`)),
      media && [el("p", { class: "faint" }, `${kind(media.schema)}, ${type}`), members(media.schema, true)],
      media && status === "200" && example(media)));
}

// What an answer looks like; made when it is opened.
function example(media) {
  const shown = el("pre", { tabindex: "0", "aria-label": "Example" });
  const fill = () => shown.replaceChildren(...coloured(JSON.stringify(media.example ?? sample(media.schema, true), null, 2)));
  return el("details", { class: "also", on: { toggle: fill } }, el("summary", {}, "Example"), shown);
}

// The codes of a refusal, each once.
function codes(said) {
  return [...new Set(said.map((text) => text.split(":")[0]))].join(" ");
}
