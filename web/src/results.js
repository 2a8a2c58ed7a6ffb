// Results as table, plot, map or graph; copying. Loaded on pages that show a result.
//
// The server has rendered the table, and says in the attributes of `#results` what suits it. Each
// picture shows the rows of the table, no more and no fewer.

import {element, read, say} from "./shared.js";

const DRAWERS = {
  plot: () => import("./plot.js"),
  map: () => import("./map.js"),
  graph: () => import("./graph.js"),
};

function prepare() {
  const results = document.getElementById("results");
  if (!results) return;
  for (const button of results.querySelectorAll("button[data-copy]")) copying(button);
  const table = results.querySelector("table.result");
  const views = (results.dataset.views ?? "").split(" ").filter(Boolean);
  if (!table || views.length < 2 || results.querySelector("[role=tablist]")) return;
  tabs(results, table, views);
}

function copying(button) {
  button.hidden = false;
  button.onclick = async () => {
    const source = document.getElementById(button.dataset.copy);
    // A link is copied as an address.
    const text = source.href ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
      announce(say("copied"));
    } catch {
      announce(say("not-copied"));
    }
  };
}

export function announce(text) {
  const region = document.getElementById("announced");
  if (region) region.textContent = text;
}

function tabs(results, table, views) {
  const list = element("div", {role: "tablist", "aria-label": say("views"), class: "tabs"});
  const tablePanel = table.closest(".scroll");
  const panels = new Map([["table", tablePanel]]);
  tablePanel.id = "view-table";
  tablePanel.setAttribute("role", "tabpanel");
  tablePanel.setAttribute("aria-labelledby", "tab-table");
  const buttons = views.map((view) => {
    const button = element(
      "button",
      {type: "button", role: "tab", id: `tab-${view}`, "aria-controls": `view-${view}`},
      say(view),
    );
    button.onclick = () => select(view);
    if (!panels.has(view)) {
      const panel = element("div", {
        id: `view-${view}`, role: "tabpanel", "aria-labelledby": `tab-${view}`, class: "panel",
        hidden: true,
      });
      panels.set(view, panel);
      tablePanel.before(panel);
    }
    list.append(button);
    return button;
  });
  list.onkeydown = (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    const at = buttons.indexOf(document.activeElement);
    let next = step && buttons[(at + step + buttons.length) % buttons.length];
    if (event.key === "Home") next = buttons[0];
    if (event.key === "End") next = buttons.at(-1);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  };
  panels.get(views[0]).before(list);
  tablePanel.before(...[...panels.values()].filter((panel) => panel !== tablePanel));

  async function select(view, remember = true) {
    for (const button of buttons) {
      const chosen = button.id === `tab-${view}`;
      button.setAttribute("aria-selected", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    for (const [name, panel] of panels) panel.hidden = name !== view;
    if (remember) history.replaceState(history.state, "", `#${view}`);
    const panel = panels.get(view);
    if (view === "table" || panel.childElementCount) return;
    panel.append(element("p", {class: "wait"}, say("drawing")));
    try {
      const {draw} = await DRAWERS[view]();
      panel.replaceChildren();
      const wished = results.dataset[view === "plot" ? "plot" : "wanted"];
      await draw(panel, read(table), JSON.parse(wished || "{}"), results.dataset);
    } catch (error) {
      panel.replaceChildren(element("p", {class: "notice"}, say("not-drawn", {why: error.message})));
    }
  }

  const wanted = location.hash.slice(1);
  select(views.includes(wanted) ? wanted : results.dataset.first || views[0], false);
}

document.addEventListener("results", prepare);
prepare();
