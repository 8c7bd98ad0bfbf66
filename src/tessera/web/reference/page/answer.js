// What came back: status, time, headers, and the body, coloured where it is JSON.

import { copyButton, el } from "./dom.js";

const COLOURED_MAX = 200_000;

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export function answerCard(answer, text, milliseconds) {
  const pretty = prettied(text);
  const body = el("pre", { tabindex: "0", "aria-label": "Body of the response" }, text === "" ? "No body." : coloured(pretty));
  const headers = el("dl", { class: "headers", hidden: true },
    [...answer.headers].map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const choose = (shown) => () => {
    body.hidden = shown !== "Body";
    headers.hidden = shown !== "Headers";
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.textContent === shown));
  };
  const tabs = el("div", { class: "tabs", role: "group", "aria-label": "Part of the response" },
    ["Body", "Headers"].map((name) =>
      el("button", { type: "button", "aria-pressed": String(name === "Body"), on: { click: choose(name) } }, name)));
  return el("section", { class: "card" },
    el("h3", {}, "Response", copyButton(() => pretty)),
    el("p", { class: "outcome" },
      el("span", { class: `status s${String(answer.status)[0]}` }, `${answer.status} ${answer.statusText}`),
      el("span", { class: "faint" }, `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`),
      el("span", { class: "faint" }, size(new Blob([text]).size))),
    tabs, body, headers);
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`;
}

function prettied(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// JSON with its parts in colours; anything that is long stays as it is.
export function coloured(text) {
  if (text.length > COLOURED_MAX) return [text];
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [all, string, colon, word] = found;
    const kind = string ? (colon ? "key" : "string") : word ? "word" : "number";
    parts.push(text.slice(end, found.index), el("span", { class: kind }, string ?? all), colon ?? "");
    end = found.index + all.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}
