// The first page: what this is, how to begin, and everything there is at a glance.

import { address, el, line, methodBadge, prose } from "./dom.js";
import { groups, scopes } from "./document.js";
import { guides } from "./guides.js";

export function overview(whole) {
  return el("article", { class: "overview" },
    el("h1", {}, "Tokens, customers and points"),
    el("div", { class: "lead" }, prose(whole.info.description)),
    el("ol", { class: "steps" },
      step("Get a token", "Press Authorize above, with your client id and secret. A program asks", "#requestToken", "/oauth/token"),
      step("Call the platform", "With the token in the Authorization header. Start by", "#getCustomer", "reading a customer"),
      step("Generate a client", "From the same document that this page shows:", "openapi.json", "openapi.json")),
    el("section", {}, el("h2", {}, "Guides"), el("ul", { class: "cards" }, guides().map((each) =>
      el("li", {}, el("a", { href: `#${each.id}` }, el("strong", {}, each.title), el("span", { class: "where" }, each.about)))))),
    groups().map(group),
    el("section", {}, el("h2", {}, "Scopes"),
      el("ul", { class: "members" }, Object.entries(scopes()).map(([name, text]) =>
        el("li", { class: "member" }, el("div", { class: "head" }, el("span", { class: "name" }, name)), el("p", { class: "told" }, text))))));
}

function step(title, text, target, label) {
  return el("li", {}, el("strong", {}, title), el("span", {}, `${text} `, el("a", { href: target }, label), "."));
}

function group(tag) {
  return el("section", {},
    el("h2", {}, tag.name), el("p", { class: "faint" }, line(tag.description)),
    el("ul", { class: "cards" }, tag.operations.map((each) =>
      el("li", {}, el("a", { href: `#${each.id}` }, el("strong", {}, each.summary),
        el("span", { class: "where" }, methodBadge(each.method), el("code", {}, address(each.path))))))));
}
