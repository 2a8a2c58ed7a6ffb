// A result as a plot: marks chosen from the shape of the result, and by whoever looks.

import {
  barX, binX, cell, dot, lineY, plot, rectY, ruleX, ruleY, text,
} from "@observablehq/plot";
import {saving} from "./files.js";
import {compare, element, figure, say} from "./shared.js";

const MARKS = ["bar", "line", "dot", "heat", "histogram"];
const PALETTE = Array.from({length: 8}, (_, index) => `var(--s${index})`);
const RAMP = Array.from({length: 5}, (_, index) => `var(--r${index})`);
// More categories than this cannot be read; the caption says how many are left out.
const MOST_BARS = 60;
const MOST_GROUPS = 8;
const MOST_ON_A_LINE = 5000;
// Letters are about this wide, in pixels; a cell of a heat map has to be at least so wide.
const LETTER = 6.7;
const CELL = 24;

/** Draws the plot, with the means to choose another, into a panel. */
export function draw(panel, data, wished, {title}) {
  const columns = data.columns.map((column) => [column.name, column.label]);
  const chosen = {kind: "bar", ...wished};
  if (!MARKS.includes(chosen.kind)) chosen.kind = "bar";
  const place = element("div");
  const controls = element("fieldset", {class: "choices"}, element("legend", {}, say("draw-as")));
  const fields = {
    kind: MARKS.map((mark) => [mark, say(`mark-${mark}`)]),
    x: columns,
    y: [["", "–"], ...columns],
    group: [["", "–"], ...columns],
  };
  for (const [field, options] of Object.entries(fields)) {
    const select = element("select", {id: `plot-${field}`});
    for (const [value, label] of options) {
      select.append(element("option", {value, selected: value === (chosen[field] ?? "")}, label));
    }
    select.onchange = () => {
      chosen[field] = select.value;
      redraw();
    };
    controls.append(element("label", {}, say(`axis-${field}`), " ", select));
  }
  panel.append(controls, place);
  redraw();

  function redraw() {
    const width = Math.max(280, Math.min(panel.clientWidth || 720, 1100));
    try {
      const {spec, description} = specification(data, chosen, width);
      const picture = plot({width, ...spec, className: "plotted"});
      place.replaceChildren(...drawn(picture, title, description));
    } catch (error) {
      place.replaceChildren(
        element("p", {class: "notice"}, say("not-drawn", {why: error.message})),
      );
    }
  }
}

function drawn(picture, title, description) {
  // With a legend, Plot returns a figure around legend and picture.
  const main = picture.tagName === "FIGURE" ? [...picture.querySelectorAll("svg")].at(-1) : picture;
  const legends = picture === main ? [] : [...picture.children].filter((child) => child !== main);
  // Within a picture that is described as a whole, parts have no names of their own.
  for (const part of main.querySelectorAll("g[aria-label]")) {
    part.dataset.mark = part.getAttribute("aria-label");
    part.removeAttribute("aria-label");
  }
  const whole = figure(main, {title: title || description, description});
  for (const legend of legends) {
    legend.setAttribute("aria-hidden", "true");
    main.before(legend);
  }
  return [whole, saving(main, "plot")];
}

/** Returns what Plot is to draw, and the same in words. */
function specification({columns, rows}, {kind, x, y, group}, width) {
  const at = (name) => columns.findIndex((column) => column.name === name);
  const [xAt, yAt, groupAt] = [at(x), at(y), at(group)];
  [x, y, group] = [xAt, yAt, groupAt].map((index) => columns[index]?.label ?? "");
  const kindOf = (index) => columns[index]?.kind;
  const numeric = (index) => kindOf(index) === "number";
  const points = rows.map((row) => ({
    x: shown(row[xAt], kindOf(xAt)),
    y: shown(row[yAt], kindOf(yAt)),
    group: shown(row[groupAt], kindOf(groupAt)),
    title: row.map((one, index) => `${columns[index].label}: ${one.text}`).join("\n"),
  }));
  if (xAt < 0) throw new Error(say("needs-x"));
  const mixed = mixture(columns, rows);
  if (mixed && [xAt, yAt, groupAt].some(numeric)) throw new Error(say("mixed-units", mixed));
  if (kind !== "histogram" && yAt < 0) throw new Error(say("needs-y"));
  const color = groupAt < 0 ? {} : colours(points, numeric(groupAt), group);
  const fill = groupAt < 0 ? "var(--s0)" : "group";
  const base = {
    style: {background: "transparent", color: "inherit", fontSize: "12px", overflow: "visible"},
    color,
    marginBottom: 40,
  };
  const margin = (values, most = width / 2.4) =>
    Math.min(most, 30 + LETTER * Math.max(3, ...values.map(length)));
  const clipped = (most) => (value) => {
    const written = label(value);
    const room = Math.floor((most - 22) / LETTER);
    return written.length > room ? `${written.slice(0, room - 1)}…` : written;
  };
  const described = (key, values = {}) => say(`says-${key}`, {x, y, group, n: rows.length, ...values});

  if (kind === "histogram") {
    const known = points.filter((point) => Number.isFinite(point.x) || point.x instanceof Date);
    if (!known.length) throw new Error(say("needs-numbers", {name: x}));
    return {
      spec: {
        ...base,
        marks: [rectY(known, binX({y: "count"}, {x: "x", fill: "var(--s0)"})), ruleY([0])],
        x: {label: x}, y: {label: say("count"), grid: true},
      },
      description: described("histogram", {n: known.length}),
    };
  }
  if (kind === "heat") {
    if (groupAt < 0) throw new Error(say("needs-group"));
    const known = points.filter((point) => point.x != null && point.y != null);
    const across = ordered(known, "x", kindOf(xAt));
    const down = ordered(known, "y", kindOf(yAt));
    return {
      spec: {
        ...base,
        width: Math.max(width, margin(down) + CELL * across.length + 20),
        marginLeft: margin(down), marginTop: 8, marginBottom: margin(across, 180) * 0.75,
        height: CELL * down.length + 30 + margin(across, 180) * 0.75,
        x: {label: null, domain: across, tickRotate: -40, padding: 0.06, tickFormat: clipped(180)},
        y: {label: null, domain: down, padding: 0.06, tickFormat: clipped(margin(down))},
        marks: [
          cell(known, {x: "x", y: "y", fill: "group", title: "title"}),
          text(known, {x: "x", y: "y", text: (point) => label(point.group ?? ""),
            fill: "var(--ink)", stroke: "var(--raised)", strokeWidth: 3}),
        ],
      },
      description: described("heat"),
    };
  }
  if (kind === "bar") {
    // Bars lie: their names are long. Whichever of the two is the number is the length.
    let known = points.filter((point) => point.x != null && point.y != null);
    let [name, size] = ["x", "y"];
    if (!numeric(yAt) && numeric(xAt)) [name, size] = ["y", "x"];
    known = known.filter((point) => Number.isFinite(point[size]));
    if (!known.length) throw new Error(say("needs-numbers", {name: size === "y" ? y : x}));
    // Each row has a bar of its own: amounts of one name need not add up.
    const all = known.length;
    known = known.slice(0, MOST_BARS);
    const names = known.map((point) => label(point[name]));
    const domain = known.map((_, row) => row);
    const clip = clipped(margin(names));
    return {
      spec: {
        ...base,
        marginLeft: margin(names), marginTop: 24, height: 22 * known.length + 60,
        x: {label: null, grid: true, axis: "top", ticks: Math.max(3, Math.round(width / 120))},
        y: {label: null, domain, tickFormat: (row) => clip(names[row])},
        marks: [barX(known, {y: (_, row) => row, x1: 0, x2: size, fill, title: "title"}), ruleX([0])],
      },
      description: described(all > known.length ? "bar-cut" : "bar", {
        kept: known.length, all, x: name === "x" ? x : y, y: size === "y" ? y : x,
      }),
    };
  }
  const known = points.filter((point) => point.x != null && point.y != null);
  if (!known.length) throw new Error(say("no-points"));
  const discrete = !numeric(yAt) && kindOf(yAt) !== "date";
  const names = discrete ? unique(known, "y").slice(0, MOST_BARS) : [];
  const kept = discrete ? known.filter((point) => names.includes(point.y)) : known;
  const line = points.filter((point) => point.x != null);
  const across = !numeric(xAt) && kindOf(xAt) !== "date" ? unique(kept, "x") : null;
  const marks =
    kind === "line"
      ? [
          // A title at each point would break the line there: the dots have them.
          lineY(discrete ? kept : withGaps(line), {x: "x", y: "y", z: groupAt < 0 ? null : "group",
            sort: "x", stroke: fill}),
          dot(kept, {x: "x", y: "y", fill, r: 3, title: "title"}),
        ]
      : [dot(kept, {x: "x", y: "y", fill, r: 4.5, fillOpacity: 0.85, title: "title"})];
  if (!discrete && kind === "line") marks.unshift(ruleY([0]));
  return {
    spec: {
      ...base,
      marginLeft: discrete ? margin(names) : 60,
      ...(discrete ? {height: 20 * names.length + 70} : {}),
      ...(across ? {marginBottom: margin(across, 180) * 0.75} : {}),
      x: {label: across ? null : x, grid: true,
        ...(across ? {domain: across, tickRotate: -40, tickFormat: clipped(180)} : {}),
        ...(kindOf(xAt) === "date" ? {type: "utc"} : {})},
      y: {label: discrete ? null : y, grid: true,
        ...(discrete ? {domain: names, tickFormat: clipped(margin(names))} : {}),
        ...(kindOf(yAt) === "date" ? {type: "utc"} : {})},
      marks,
    },
    description: described(kind),
  };
}

// A column that says in what the numbers are, if it says several: they have no axis in common.
function mixture(columns, rows) {
  const at = columns.findIndex(({name}) => /^(currency|currencyCode|unit)$/.test(name));
  const units = at < 0 ? [] : [...new Set(rows.map((row) => row[at].text).filter(Boolean))];
  return units.length > 1 ? {name: columns[at].name, units: units.join(", ")} : null;
}

function shown(one, kind) {
  if (!one || one.value === null) return null;
  return kind === "number" || kind === "date" ? one.value : one.text;
}

function label(value) {
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
}

function length(value) {
  return label(value).length;
}

function unique(points, field) {
  return [...new Set(points.map((point) => point[field]))];
}

// Names come by what they add up to, the largest first; times and numbers in their own order.
function ordered(points, field, kind) {
  const sums = new Map();
  for (const point of points) {
    point[field] = label(point[field]);
    sums.set(point[field], (sums.get(point[field]) ?? 0) + (Number(point.group) || 0));
  }
  const named = kind !== "number" && kind !== "date";
  return [...sums.keys()].sort((one, other) =>
    (named && sums.get(other) - sums.get(one)) || compare(one, other));
}

// Where values are a year apart, a missing year interrupts the line.
function withGaps(points) {
  const yearOf = ({x}) => (x instanceof Date ? x.getUTCFullYear() : x);
  const yearly = points.every(({x}) =>
    x instanceof Date ? x.getUTCMonth() === 0 && x.getUTCDate() === 1 : Number.isInteger(x));
  if (!yearly || points.length > MOST_ON_A_LINE) return points;
  const gaps = [];
  for (const group of new Set(points.map((point) => point.group))) {
    const mine = points.filter((point) => point.group === group).sort((one, other) => one.x - other.x);
    for (const [index, point] of mine.entries()) {
      const year = yearOf(point) + 1;
      if (index + 1 === mine.length || yearOf(mine[index + 1]) <= year) continue;
      gaps.push({x: point.x instanceof Date ? new Date(Date.UTC(year, 0)) : year, y: null, group});
    }
  }
  return [...points, ...gaps];
}

// Few names get a colour each, the rest one for all; numbers get steps of a ramp.
function colours(points, numeric, name) {
  if (numeric) {
    const values = new Set(points.map((point) => point.group).filter((value) => value !== null));
    if (values.size > 1) {
      return {type: "quantize", n: RAMP.length, range: RAMP, unknown: "var(--ru)", legend: true,
        label: name, tickFormat: (value) => String(Number(value.toPrecision(4)))};
    }
  }
  for (const point of points) if (point.group !== null) point.group = label(point.group);
  const names = unique(points, "group").filter((one) => one !== null);
  const kept = names.slice(0, MOST_GROUPS);
  if (names.length > kept.length) {
    const rest = say("others");
    kept.splice(MOST_GROUPS - 1, 1, rest);
    for (const point of points) {
      if (point.group !== null && !kept.includes(point.group)) point.group = rest;
    }
  }
  return {type: "ordinal", domain: kept, range: PALETTE.slice(0, kept.length), legend: true,
    unknown: "var(--ru)", label: name};
}
