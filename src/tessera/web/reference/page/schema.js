// Schemas: a tree to look at, and a sample to start from.

import { el, line } from "./dom.js";
import { resolved } from "./document.js";

const DEPTH_MAX = 6;

// The type of a schema, without the null that it may be as well.
function typeOf(said) {
  return Array.isArray(said.type) ? said.type.find((each) => each !== "null") : said.type;
}

// What a value is, in a few words.
export function kind(schema) {
  const said = resolved(schema);
  const nullable = Array.isArray(said.type) && said.type.includes("null");
  return nullable ? `${bare(said)} or null` : bare(said);
}

function bare(said) {
  if (said.anyOf) {
    const kinds = said.anyOf.map(kind);
    return [...new Set(kinds)].join(" or ");
  }
  const type = typeOf(said);
  if (type === "array") return `list of ${plural(kind(said.items ?? {}))}`;
  if (said.const !== undefined) return JSON.stringify(said.const);
  if (said.enum && said.enum.length === 1) return JSON.stringify(said.enum[0]);
  if (type === "object" || said.properties) return said.title && said.properties ? said.title : "object";
  return type ?? "anything";
}

function plural(word) {
  return { string: "texts", object: "objects", number: "numbers", integer: "integers" }[word] ?? word;
}

// The members of a schema, for an object or a list of objects; null when there is nothing to open.
function inside(schema) {
  const said = resolved(schema);
  if (said.anyOf) return said.anyOf.map(inside).find(Boolean) ?? null;
  if (typeOf(said) === "array") return inside(said.items ?? {});
  return said.properties && Object.keys(said.properties).length ? said : null;
}

function limits(schema) {
  const said = resolved(schema);
  const narrow = said.anyOf ? { ...resolved(said.anyOf[0]), ...said } : said;
  const found = [];
  if (typeOf(narrow) === "string" && narrow.format) found.push(narrow.format);
  if (narrow.enum && narrow.enum.length > 1) found.push(`one of ${narrow.enum.filter((each) => each !== null).map((each) => `\`${each}\``).join(", ")}`);
  if (narrow.maxLength) found.push(`up to ${narrow.maxLength} characters`);
  if (narrow.maxItems) found.push(`up to ${narrow.maxItems} elements`);
  if (narrow.exclusiveMinimum !== undefined) found.push(`more than ${narrow.exclusiveMinimum}`);
  if (narrow.minimum !== undefined) found.push(`at least ${narrow.minimum}`);
  if (narrow.maximum !== undefined) found.push(`at most ${narrow.maximum.toLocaleString("en")}`);
  const usual = narrow.default;
  if (said.deprecated) found.push("deprecated");
  if (usual !== undefined && usual !== null) found.push(`\`${JSON.stringify(usual)}\` by default`);
  return found.join("; ");
}

// One member: its name, what it is, and what is told of it. What it holds is made when it is opened.
export function member(name, schema, mark, { answered = false, open = false } = {}) {
  const said = resolved(schema);
  const deeper = inside(schema);
  const head = [
    el("span", { class: "name" }, name),
    el("span", { class: "kind" }, kind(schema)),
    mark && el("span", { class: mark === "required" ? "required" : "kind" }, mark),
    el("span", { class: "kind limits" }, line(limits(schema))),
  ];
  const text = said.description && el("p", { class: "told" }, line(said.description));
  if (!deeper) return el("li", { class: "member" }, el("div", { class: "head" }, head), text);
  const within = el("div", {});
  const fill = () => within.hasChildNodes() || within.append(members(deeper, answered));
  if (open) fill();
  const summary = el("summary", { class: "head" }, head);
  return el("li", { class: "member" }, el("details", { open, on: { toggle: fill } }, summary, text, within));
}

// Every member of an object: what a body must have is marked, and what an answer may lack. An envelope is open.
export function members(schema, answered = false) {
  const said = inside(schema);
  if (!said) return el("p", { class: "faint" }, "No members.");
  const required = new Set(said.required ?? []);
  const found = Object.entries(said.properties);
  const rows = found.map(([name, each]) => {
    const mark = answered ? !required.has(name) && "optional" : required.has(name) && "required";
    return member(name, each, mark, { answered, open: found.length < 3 && typeOf(resolved(each)) === "object" });
  });
  return el("ul", { class: "members" }, rows);
}

// A value of this schema, as its examples have it: what must be there, or everything when it is an answer.
export function sample(schema, answered = false, depth = 0) {
  const said = resolved(schema);
  if (said.examples) return said.examples[0];
  if (said.const !== undefined) return said.const;
  if (said.enum) return said.enum[0];
  if (said.anyOf) return sample(said.anyOf[0], answered, depth);
  if (said.default !== undefined && said.default !== null) return said.default;
  if (said.properties && depth < DEPTH_MAX) {
    const wanted = Object.entries(said.properties).filter(([name]) => answered || (said.required ?? []).includes(name));
    return Object.fromEntries(wanted.map(([name, each]) => [name, sample(each, answered, depth + 1)]));
  }
  if (typeOf(said) === "array") return depth < DEPTH_MAX ? [sample(said.items ?? {}, answered, depth + 1)] : [];
  return { string: answered ? "…" : "", integer: 0, number: 0, boolean: false }[typeOf(said)] ?? {};
}
