// A result as a graph: things as dots, statements as lines, laid out by forces.

import {forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY} from "d3-force";
import {element, say, shape} from "./shared.js";

const WIDTH = 860;
const HEIGHT = 600;
const MOST_NODES = 120;
const ROUNDS = 260;

/** Draws the graph into a panel. */
export function draw(panel, data, wished, {form, title}) {
  const {nodes, links, all} = form === "graph" ? ofTriples(data) : ofColumns(data, wished);
  if (!links.length) throw new Error(say("no-links"));
  panel.append(...show(nodes, links, all, title));
}

// The rows of CONSTRUCT: subject, predicate, object. Texts and numbers are no nodes, save labels.
function ofTriples({rows}) {
  const labels = new Map();
  const edges = [];
  for (const [subject, predicate, object] of rows) {
    if (/(label|prefLabel|name)$/.test(predicate.text) && !object.href) {
      if (!labels.has(subject.value)) labels.set(subject.value, object.text);
    } else if (object.href) edges.push([subject, object, predicate.text]);
  }
  return gathered(edges, (one) => labels.get(one.value) ?? one.text);
}

// Two columns that name things; the header of a question may say which.
function ofColumns({columns, rows}, {x, y, group}) {
  const at = (name) => columns.findIndex((one) => one.name === name);
  const things = columns.flatMap((one, index) =>
    ["thing", "country", "region"].includes(one.kind) ? [index] : []);
  const from = at(x) >= 0 ? at(x) : things[0];
  const to = at(y) >= 0 ? at(y) : things[1];
  const link = at(group);
  const edges = rows
    .filter((row) => row[from].text && row[to].text)
    .map((row) => [linked(columns, row, from), linked(columns, row, to),
      link >= 0 ? row[link].text : ""]);
  return gathered(edges, (one) => one.text);
}

// A column of names stands beside the column of what is named.
function linked(columns, row, index) {
  const thing = columns.findIndex((one) => `${one.name}Name` === columns[index].name);
  const {text, value, href} = row[index];
  return thing < 0 ? {text, value, href} : {text, value: row[thing].value, href: row[thing].href};
}

// Counts links, and keeps the things that have most of them.
function gathered(edges, nameOf) {
  const nodes = new Map();
  for (const [from, to] of edges) {
    for (const end of [from, to]) {
      const known = nodes.get(end.value);
      if (known) known.links += 1;
      else nodes.set(end.value, {id: end.value, name: nameOf(end), href: end.href, links: 1});
    }
  }
  const kept = [...nodes.values()].sort((one, other) => other.links - one.links).slice(0, MOST_NODES);
  const ids = new Set(kept.map((node) => node.id));
  const links = edges
    .filter(([from, to]) => ids.has(from.value) && ids.has(to.value) && from.value !== to.value)
    .map(([from, to, name]) => ({source: from.value, target: to.value, name}));
  return {nodes: kept, links, all: nodes.size};
}

function show(nodes, links, all, title) {
  const height = settle(nodes, links);
  const svg = shape("svg", {viewBox: `0 0 ${WIDTH} ${height}`, class: "graph", role: "group",
    "aria-label": title || say("graph")});
  const lines = links.map((link) => {
    const line = shape("line", {class: "link"}, shape("title", {}, link.name));
    svg.append(line);
    return [link, line];
  });
  const marks = nodes.map((node) => {
    const text = node.name.length > 28 ? `${node.name.slice(0, 27)}…` : node.name;
    const inside = [
      shape("title", {}, node.name),
      shape("circle", {r: (4 + 1.6 * Math.sqrt(node.links)).toFixed(1)}),
      shape("text", {x: 9, y: 4}, text),
    ];
    const mark = node.href
      ? shape("a", {href: node.href, class: "node"}, ...inside)
      : shape("g", {class: "node"}, ...inside);
    svg.append(mark);
    return [node, mark];
  });
  const place = () => {
    for (const [{source, target}, line] of lines) {
      for (const [name, value] of Object.entries({x1: source.x, y1: source.y, x2: target.x, y2: target.y})) {
        line.setAttribute(name, value.toFixed(1));
      }
    }
    for (const [node, mark] of marks) {
      mark.setAttribute("transform", `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
    }
  };
  place();
  write(marks, height);
  for (const [node, mark] of marks) {
    lighten(node, mark, lines, marks);
    draggable(svg, node, mark, place, height);
  }
  const description = say(all > nodes.length ? "says-graph-cut" : "says-graph",
    {nodes: nodes.length, n: links.length, all});
  return [element("figure", {class: "drawn"}, element("figcaption", {}, description), svg)];
}

// The layout comes to rest before it is shown: nothing moves by itself. Returns its height.
function settle(nodes, links) {
  forceSimulation(nodes)
    .force("link", forceLink(links).id((node) => node.id).distance(70).strength(0.4))
    .force("charge", forceManyBody().strength(-190))
    .force("collide", forceCollide(16))
    .force("x", forceX(0).strength(0.07))
    .force("y", forceY(0).strength(0.1))
    .stop()
    .tick(ROUNDS);
  const [xs, ys] = [nodes.map((node) => node.x), nodes.map((node) => node.y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  // To the right there must be room for names.
  const across = (WIDTH - 180) / Math.max(Math.max(...xs) - left, 1);
  const down = (HEIGHT - 50) / Math.max(Math.max(...ys) - top, 1);
  const scale = [Math.min(across, 1.9), Math.min(down, 1.9)];
  const dx = Math.max(0, (WIDTH - 180 - (Math.max(...xs) - left) * scale[0]) / 2);
  for (const node of nodes) {
    node.x = 25 + dx + (node.x - left) * scale[0];
    node.y = 25 + (node.y - top) * scale[1];
  }
  return Math.ceil((Math.max(...ys) - top) * scale[1]) + 50;
}

// Names stand beside, below or above; one that would lie on another waits until it is asked for.
function write(marks, height) {
  const taken = [];
  for (const [node] of marks) taken.push({x: node.x - 6, y: node.y - 6, w: 12, h: 12});
  for (const [node, mark] of marks) {
    const text = mark.querySelector("text");
    const w = 6.4 * text.textContent.length;
    const beside = [
      {x: node.x + 9, y: node.y - 7, w, h: 14},
      {x: node.x - 9 - w, y: node.y - 7, w, h: 14},
      {x: node.x - w / 2, y: node.y + 7, w, h: 14},
      {x: node.x - w / 2, y: node.y - 21, w, h: 14},
    ];
    const free = beside.findIndex((box) =>
      box.x > 0 && box.x + w < WIDTH && box.y > 0 && box.y < height - 14 && !taken.some((other) => overlaps(box, other)));
    if (free < 0) mark.classList.add("quiet");
    else taken.push(beside[free]);
    const [x, y, anchor] = [[9, 4, "start"], [-9, 4, "end"], [0, 18, "middle"], [0, -10, "middle"]][
      Math.max(free, 0)
    ];
    for (const [name, value] of Object.entries({x, y, "text-anchor": anchor})) {
      text.setAttribute(name, value);
    }
  }
}

function overlaps(one, other) {
  return one.x < other.x + other.w && other.x < one.x + one.w &&
    one.y < other.y + other.h && other.y < one.y + one.h;
}

// Whoever points at a thing, or comes to it by keyboard, sees what it is linked to.
function lighten(node, mark, lines, marks) {
  const set = (on) => {
    const near = new Set([node]);
    for (const [link, line] of lines) {
      const touches = link.source === node || link.target === node;
      line.classList.toggle("lit", on && touches);
      if (touches) near.add(link.source).add(link.target);
    }
    for (const [other, one] of marks) {
      one.classList.toggle("dim", on && !near.has(other));
      one.classList.toggle("lit", on && near.has(other));
    }
  };
  mark.addEventListener("pointerenter", () => set(true));
  mark.addEventListener("pointerleave", () => set(false));
  mark.addEventListener("focus", () => set(true));
  mark.addEventListener("blur", () => set(false));
}

function draggable(svg, node, mark, place, height) {
  let moved = false;
  mark.addEventListener("dragstart", (event) => event.preventDefault());
  mark.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    moved = false;
    const start = {x: event.clientX, y: event.clientY};
    const follow = (next) => {
      if (!moved && Math.hypot(next.clientX - start.x, next.clientY - start.y) < 4) return;
      moved = true;
      const matrix = svg.getScreenCTM().inverse();
      const at = new DOMPoint(next.clientX, next.clientY).matrixTransform(matrix);
      node.x = Math.max(6, Math.min(WIDTH - 6, at.x));
      node.y = Math.max(6, Math.min(height - 6, at.y));
      place();
    };
    const stop = () => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", stop);
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", stop);
  });
  mark.addEventListener("click", (event) => moved && event.preventDefault());
}
