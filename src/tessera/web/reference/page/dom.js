// Elements from plain values. A text is always a text node: nothing that was answered or typed becomes markup.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "value" || name === "open") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

// A line of text, in which what stands between backticks is code.
export function line(text) {
  return text.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));
}

// A text of several paragraphs.
export function prose(text) {
  return text.split("\n\n").map((paragraph) => el("p", {}, line(paragraph)));
}

let counted = 0;

// A field with its label above it.
export function field(label, input, note) {
  input.id ||= `field-${(counted += 1)}`;
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input, note && el("p", { class: "note" }, note));
}

// A button that copies what `text()` gives, and says so.
export function copyButton(text, label = "Copy") {
  const button = el("button", { type: "button", class: "small copy" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = label), 1400);
  });
  return button;
}

export function methodBadge(method) {
  return el("span", { class: `method ${method.toLowerCase()}` }, method);
}

// An address whose `{values}` stand out, and which may break after a slash.
export function address(path) {
  const parts = path.split(/(\{[^}]+\}|\/)/).filter(Boolean);
  return parts.map((part) =>
    part === "/" ? ["/", el("wbr")] : part.startsWith("{") ? el("span", { class: "value" }, part) : part,
  );
}
