// A request as code: a curl line, and programs in Python, Node and Go that read what is secret from the environment.

const VARIABLES = {
  token: ["ACCESS_TOKEN"],
  client: ["CLIENT_ID", "CLIENT_SECRET"],
  property: ["API_KEY", "PROPERTY_SECRET"],
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const shortened = (text) => (text.length > 40 ? `${text.slice(0, 22)}…${text.slice(-4)}` : text);

// Each language with what is shown of a request, and what is copied: a curl line has the credentials in it when copied.
export const LANGUAGES = {
  curl: { shown: (request) => curl(request, shortened), copied: (request) => curl(request, (text) => text) },
  Python: { shown: python, copied: python },
  Node: { shown: node, copied: node },
  Go: { shown: go, copied: go },
};

function curl(request, show) {
  const lines = [`curl -X ${request.method} ${quoted(request.url)}`];
  for (const [name, value] of headersOf(request, true)) {
    lines.push(`-H ${quoted(`${name}: ${name === "Authorization" ? show(value) : value}`)}`);
  }
  if (request.body) lines.push(`-d ${quoted(request.body)}`);
  return lines.join(" \\\n  ");
}

function headersOf(request, withAuthorization = false) {
  return request.headers.filter(([name]) => withAuthorization || name !== "Authorization");
}

// The body as a value, or undefined where it is no JSON.
function valueOf(request) {
  if (!request.body || !request.headers.some(([name, value]) => name === "Content-Type" && value === "application/json")) return undefined;
  try {
    return JSON.parse(request.body);
  } catch {
    return undefined;
  }
}

const text = (value) => JSON.stringify(value);

function python(request) {
  const lines = [];
  const value = valueOf(request);
  const headers = headersOf(request).filter(([name]) => value === undefined || name !== "Content-Type");
  const [user, password] = VARIABLES[request.way] ?? [];
  const environment = (name) => `os.environ[${text(name)}]`;
  if (request.way === "token") headers.unshift(["Authorization", null]);
  const shown = headers.map(([name, said]) => `${text(name)}: ${said === null ? `"Bearer " + ${environment(user)}` : text(said)}`);
  lines.push(text(request.url));
  if (shown.length) lines.push(`headers={${shown.join(", ")}}`);
  if (password) lines.push(`auth=(${environment(user)}, ${environment(password)})`);
  if (value !== undefined) lines.push(`json=${pythonValue(value, "    ")}`);
  else if (request.body) lines.push(`data=${text(request.body)}`);
  lines.push("timeout=10");
  const imports = [user && "import os", "import requests"].filter(Boolean).join("\n\n");
  return `${imports}\n\nanswer = requests.${request.method.toLowerCase()}(\n${lines.map((each) => `    ${each},\n`).join("")})\n`
    + "answer.raise_for_status()\nprint(answer.json())\n";
}

function pythonValue(value, indent) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return text(value);
  const deeper = `${indent}    `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((each) => pythonValue(each, deeper))
    : Object.entries(value).map(([name, each]) => `${text(name)}: ${pythonValue(each, deeper)}`);
  return parts.length ? `${open}\n${parts.map((each) => `${deeper}${each},\n`).join("")}${indent}${close}` : open + close;
}

function node(request) {
  const value = valueOf(request);
  const [user, password] = VARIABLES[request.way] ?? [];
  const environment = (name) => `process.env.${name}`;
  const headers = headersOf(request).map(([name, said]) => `${text(name)}: ${text(said)}`);
  if (password) {
    headers.unshift(`Authorization: "Basic " + Buffer.from(\`\${${environment(user)}}:\${${environment(password)}}\`).toString("base64")`);
  } else if (user) {
    headers.unshift(`Authorization: \`Bearer \${${environment(user)}}\``);
  }
  const lines = [`method: ${text(request.method)}`];
  if (headers.length) lines.push(`headers: {\n    ${headers.join(",\n    ")},\n  }`);
  if (value !== undefined) lines.push(`body: JSON.stringify(${JSON.stringify(value, null, 2).replaceAll("\n", "\n  ")})`);
  else if (request.body) lines.push(`body: ${text(request.body)}`);
  return `// call.mjs\nconst answer = await fetch(${text(request.url)}, {\n${lines.map((each) => `  ${each},\n`).join("")}});\n`
    + "if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);\nconsole.log(await answer.json());\n";
}

function go(request) {
  const [user, password] = VARIABLES[request.way] ?? [];
  const environment = (name) => `os.Getenv(${text(name)})`;
  const body = request.body ? `strings.NewReader(${request.body.includes("`") ? text(request.body) : `\`${request.body}\``})` : "http.NoBody";
  const used = ["fmt", "io", "log", "net/http", user && "os", request.body && "strings"].filter(Boolean);
  const headers = headersOf(request).map(([name, said]) => `\trequest.Header.Set(${text(name)}, ${text(said)})\n`);
  if (password) headers.unshift(`\trequest.SetBasicAuth(${environment(user)}, ${environment(password)})\n`);
  else if (user) headers.unshift(`\trequest.Header.Set("Authorization", "Bearer "+${environment(user)})\n`);
  const checked = "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n";
  return `package main\n\nimport (\n${used.map((each) => `\t${text(each)}\n`).join("")})\n\nfunc main() {\n`
    + `\trequest, err := http.NewRequest(${text(request.method)}, ${text(request.url)}, ${body})\n${checked}${headers.join("")}`
    + `\tanswer, err := http.DefaultClient.Do(request)\n${checked}\tdefer answer.Body.Close()\n`
    + `\tbody, err := io.ReadAll(answer.Body)\n${checked}`
    + "\tfmt.Println(answer.Status)\n\tfmt.Println(string(body))\n}\n";
}
