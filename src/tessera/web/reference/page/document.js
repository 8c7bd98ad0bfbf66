// The OpenAPI document, with what the page asks of it.

export const BASE = location.origin + location.pathname.replace(/\/docs$/, "");

let whole = null;
let known = {};

// Ids that exist on this server, by the name of the parameter; there are some on a demonstration.
export const examples = () => known;

async function loadExamples() {
  try {
    const answer = await fetch(`${BASE}/docs/examples.json`);
    if (answer.ok) known = await answer.json();
  } catch {
    known = {};
  }
}

export async function load() {
  const ids = loadExamples();
  const answer = await fetch(`${BASE}/openapi.json`);
  if (!answer.ok) throw new Error(`openapi.json was answered with ${answer.status}.`);
  whole = await answer.json();
  await ids;
  return whole;
}

// What a `$ref` points at; with the members that stand beside an `allOf` of one.
export function resolved(value) {
  let found = value;
  while (found && (found.$ref || found.allOf)) {
    const { $ref, allOf, ...beside } = found;
    found = $ref ? pointedAt($ref) : { ...resolved(allOf[0]), ...beside };
  }
  return found ?? {};
}

function pointedAt(ref) {
  return ref.slice(2).split("/").reduce((place, name) => place[name.replace(/~1/g, "/")], whole);
}

// Every operation once: its other addresses stand in `also`.
export function operations() {
  const found = new Map();
  for (const [path, methods] of Object.entries(whole.paths)) {
    for (const [method, said] of Object.entries(methods)) {
      addOtherTypes(said);
      found.set(said.operationId, { ...said, id: said.operationId, method: method.toUpperCase(), path, also: [] });
    }
  }
  for (const each of found.values()) {
    const first = found.get(each["x-same-as"]);
    if (first) first.also.push(each.path);
  }
  return [...found.values()].filter((each) => !found.has(each["x-same-as"]));
}

// The types that a body may have beside the one that generated clients know.
function addOtherTypes(operation) {
  const content = operation.requestBody?.content;
  for (const type of operation["x-also-accepted"]?.content ?? []) content[type] ??= Object.values(content)[0];
}

// The groups in the order of the document, each with its operations.
export function groups() {
  const all = operations();
  const found = whole.tags.map((tag) => ({ ...tag, operations: all.filter((each) => each.tags.includes(tag.name)) }));
  return found.filter((tag) => tag.operations.length);
}

// The scope that an operation needs, or undefined.
export function scopeOf(operation) {
  return operation.security.flatMap((each) => each.token ?? [])[0];
}

// Whether an operation is for an application with its client id and secret, not for who has a token.
export function forClients(operation) {
  return operation.security.some((each) => "client" in each);
}

// Whether the key and secret of a property open an operation; where they do not, `openid` does not either.
export function forProperties(operation) {
  return operation.security.some((each) => "property" in each);
}

export function scopes() {
  return whole.components.securitySchemes.token.flows.clientCredentials.scopes;
}
