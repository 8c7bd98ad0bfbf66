// Where the page begins: it loads the document, lists the operations, and shows the one that the address names.

import { el, methodBadge } from "./dom.js";
import { groups, load, operations, scopeOf } from "./document.js";
import { drawAuthorize, onChange, openDialog } from "./credentials.js";
import { guides, guideView } from "./guides.js";
import { operationView } from "./operation.js";
import { overview } from "./overview.js";

const main = document.getElementById("main");
const list = document.getElementById("list");
const filter = document.getElementById("filter");
const menu = document.getElementById("menu");

function drawList() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (each) => {
    const text = [each.summary, each.method, each.path, ...each.also, ...each.tags, scopeOf(each) ?? ""].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = groups().map((tag) => ({ ...tag, operations: tag.operations.filter(fits) })).filter((tag) => tag.operations.length);
  list.replaceChildren(...found.map((tag) =>
    el("section", {}, el("h2", {}, tag.name), el("ul", {}, tag.operations.map((each) =>
      el("li", {}, el("a", { href: `#${each.id}`, "aria-current": location.hash === `#${each.id}` && "page" },
        el("span", {}, each.summary), methodBadge(each.method))))))));
  const told = guides().filter((each) => words.every((word) => `guide ${each.title} ${each.about}`.toLowerCase().includes(word)));
  if (told.length) list.append(guideList(told));
  if (!found.length && !told.length) list.replaceChildren(el("p", { class: "faint" }, "Nothing fits."));
}

function guideList(told) {
  return el("section", {}, el("h2", {}, "Guides"), el("ul", {}, told.map((each) =>
    el("li", {}, el("a", { class: "to-guide", href: `#${each.id}`, "aria-current": location.hash === `#${each.id}` && "page" }, each.title)))));
}

function show(whole) {
  const chosen = operations().find((each) => `#${each.id}` === location.hash);
  const guide = guides().find((each) => `#${each.id}` === location.hash);
  const title = chosen?.summary ?? guide?.title;
  document.title = title ? `${title} · Tessera API` : "Tessera API";
  onChange(() => {});
  main.replaceChildren(chosen ? operationView(chosen) : guide ? guideView(guide, operations()) : overview(whole));
  drawList();
  openMenu(false);
  scrollTo(0, 0);
}

function openMenu(open) {
  document.body.classList.toggle("menu-open", open);
  menu.setAttribute("aria-expanded", String(open));
}

// In the list, arrows go from one operation to the next; `/` goes to the filter from anywhere.
function onKey(event) {
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    openMenu(true);
    filter.focus();
  } else if (event.key === "Escape" && event.target === filter) {
    filter.value = "";
    drawList();
  } else if (event.target === filter || list.contains(event.target)) {
    const links = [filter, ...list.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      links[links.indexOf(event.target) + step]?.focus();
    } else if (event.key === "Enter" && event.target === filter) {
      links[1]?.click();
    }
  }
}

function changeTheme() {
  const now = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
}

try {
  const whole = await load();
  document.getElementById("version").textContent = `API ${whole.info.version}`;
  document.getElementById("theme").addEventListener("click", changeTheme);
  document.getElementById("authorize").addEventListener("click", openDialog);
  drawAuthorize();
  document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  menu.addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));
  filter.addEventListener("input", drawList);
  addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { show(whole); main.focus({ preventScroll: true }); });
  show(whole);
} catch (error) {
  main.replaceChildren(el("p", { class: "wrong" }, `The reference cannot be shown. ${error.message}`));
}
