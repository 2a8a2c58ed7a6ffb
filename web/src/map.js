// A result on a map of Europe: countries coloured by a number, or points; or a shape file of one's own.

import {geoAzimuthalEqualArea, geoPath} from "d3-geo";
import {feature, mesh} from "topojson-client";
import {element, figure, say, shape} from "./shared.js";

const WIDTH = 760;
const HEIGHT = 640;
const STEPS = 5;
// Corners of Europe, to fit the map to; and the smallest part that is worth to be shown, in degrees.
const EUROPE = {west: -11, south: 35, east: 34, north: 70};
const WIDEST = 30;
const SMALLEST = 4;
// Where the projection of the EU's own maps has its centre.
const CENTRE = [-10, -52];

let countries;

async function load() {
  countries ??= fetch(new URL("./europe.json", import.meta.url)).then((response) => {
    if (!response.ok) throw new Error(say("no-shapes"));
    return response.json();
  });
  return countries;
}

/** Draws the map into a panel. */
export async function draw(panel, data, wished, {title}) {
  const world = await load();
  const column = (kind) => data.columns.findIndex((one) => one.kind === kind);
  const value = valueColumn(data, wished);
  const pointAt = column("point");
  const place = element("div");
  panel.append(place);
  if (pointAt >= 0) place.append(points(world, data, pointAt, value, title));
  else if (column("country") >= 0) {
    place.append(choropleth(world, data, column("country"), value, title));
  }
  const keyAt = data.columns.findIndex((one) =>
    one.kind === "region" || (one.name === wished.x && column("country") < 0));
  if (keyAt < 0 || pointAt >= 0) return;
  if (!place.hasChildNodes()) place.append(element("p", {class: "notice"}, say("no-regions")));
  panel.append(own(data, keyAt, value, title, place));
}

function valueColumn({columns}, wished) {
  const named = columns.findIndex((one) => one.name === wished.y && one.kind === "number");
  return named >= 0 ? named : columns.findIndex((one) => one.kind === "number");
}

function frame() {
  return shape("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "map"});
}

// Returns the projection and what draws paths, fitted to a box of degrees.
function fitted({west, south, east, north}) {
  const corners = {type: "MultiPoint", coordinates: []};
  for (let step = 0; step <= 8; step += 1) {
    const share = step / 8;
    corners.coordinates.push(
      [west + share * (east - west), south], [west + share * (east - west), north],
      [west, south + share * (north - south)], [east, south + share * (north - south)],
    );
  }
  const projection = geoAzimuthalEqualArea()
    .rotate(CENTRE)
    .fitExtent([[10, 10], [WIDTH - 10, HEIGHT - 10]], corners)
    .clipExtent([[0, 0], [WIDTH, HEIGHT]]);
  return {projection, path: geoPath(projection)};
}

function land(world, path, className) {
  return feature(world, world.objects.countries).features.map((one) => [
    one.id,
    shape("path", {d: path(one) ?? "", class: className(one.id)}),
  ]);
}

function borders(world, path) {
  return shape("path", {d: path(mesh(world, world.objects.countries)) ?? "", class: "border"});
}

function choropleth(world, data, countryAt, valueAt, title) {
  const sums = new Map();
  for (const row of data.rows) {
    const code = row[countryAt].value;
    if (!code) continue;
    const number = valueAt < 0 ? 1 : row[valueAt].value;
    if (number !== null) sums.set(code, (sums.get(code) ?? 0) + number);
  }
  const steps = thresholds([...sums.values()]);
  const {path} = fitted(EUROPE);
  const svg = frame();
  const names = new Map(data.rows.map((row) => [row[countryAt].value, nameOf(data, row, countryAt)]));
  for (const [code, drawn] of land(world, path, (id) => stepClass(sums.get(id), steps))) {
    if (sums.has(code)) {
      drawn.append(shape("title", {}, `${names.get(code) ?? code}: ${sums.get(code)}`));
    }
    svg.append(drawn);
  }
  svg.append(borders(world, path));
  const measure = valueAt < 0 ? say("rows") : data.columns[valueAt].name;
  const off = [...sums.keys()].filter(
    (code) => !world.objects.countries.geometries.some((one) => one.id === code),
  );
  const description = say(off.length ? "says-map-off" : "says-map", {
    y: measure, n: sums.size, off: off.map((code) => names.get(code) ?? code).join(", "),
  });
  const whole = figure(svg, {title: title || description, description});
  whole.append(legend(steps, measure));
  return whole;
}

// The name of what a cell holds: the text beside it that bears its name, else its own text.
function nameOf(data, row, index) {
  const label = data.columns.findIndex((one) => one.name === `${data.columns[index].name}Name`);
  return (label >= 0 && row[label].text) || row[index].text;
}

// Steps of equal counts, so that one giant does not make all others look alike.
function thresholds(values) {
  const sorted = [...new Set(values)].sort((one, other) => one - other);
  if (sorted.length <= STEPS) return sorted;
  return Array.from({length: STEPS}, (_, step) => sorted[Math.floor((step * sorted.length) / STEPS)]);
}

function stepClass(value, steps) {
  if (value === undefined) return "land";
  // Few steps take the strong end of the ramp: they are to be told from the unknown.
  const step = steps.filter((least) => value >= least).length;
  return `r${STEPS - steps.length + Math.max(step, 1) - 1}`;
}

function legend(steps, measure) {
  const list = element("ul", {class: "legend", "aria-label": measure});
  const exact = steps.length < STEPS;
  steps.forEach((least, index) => {
    const text = exact || index === steps.length - 1 ? (exact ? `${least}` : `≥ ${least}`) : `${least} –`;
    list.append(key(`r${STEPS - steps.length + index}`, text));
  });
  list.append(key("ru", say("unknown")));
  return list;
}

function key(className, text) {
  return element("li", {}, element("span", {class: `swatch ${className}`}), text);
}

function points(world, data, pointAt, valueAt, title) {
  const found = [];
  for (const row of data.rows) {
    const match = /POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)/i.exec(row[pointAt].value ?? "");
    if (match) found.push({at: [Number(match[1]), Number(match[2])], row});
  }
  if (!found.length) throw new Error(say("no-points"));
  const {projection, path} = fitted(boxAround(found.map((one) => one.at)));
  const svg = frame();
  svg.append(...land(world, path, () => "land").map(([, drawn]) => drawn), borders(world, path));
  const most = Math.max(...found.map(({row}) => (valueAt < 0 ? 1 : row[valueAt].value ?? 0)), 1);
  const titleAt = data.columns.findIndex((one) => one.kind === "text");
  for (const [position, group] of together(found, projection)) {
    const lines = group.map(({row}) => (titleAt < 0 ? row[0] : row[titleAt]).text);
    const sum = valueAt < 0
      ? group.length
      : group.reduce((total, {row}) => total + (row[valueAt].value ?? 0), 0);
    const radius = valueAt < 0 ? 3 + Math.sqrt(group.length) : 3 + 11 * Math.sqrt(sum / (most * 2));
    const [x, y] = position;
    if (x < 0 || y < 0 || x > WIDTH || y > HEIGHT) continue;
    svg.append(shape("circle", {cx: x.toFixed(1), cy: y.toFixed(1),
      r: Math.min(radius, 22).toFixed(1)}, shape("title", {}, lines.slice(0, 20).join("\n"))));
  }
  const description = say("says-points", {n: found.length, missing: data.rows.length - found.length});
  return figure(svg, {title: title || description, description});
}

// Gathers what lies at one place.
function together(found, projection) {
  const places = new Map();
  for (const one of found) {
    const position = projection(one.at);
    if (!position) continue;
    const name = position.map(Math.round).join();
    if (!places.has(name)) places.set(name, [position, []]);
    places.get(name)[1].push(one);
  }
  return places.values();
}

// Points that lie close together are shown from nearer; for others the map is the usual one.
function boxAround(positions) {
  const inside = positions.filter(([x, y]) => x > -26 && x < 46 && y > 33 && y < 72);
  if (!inside.length) return EUROPE;
  const [xs, ys] = [inside.map(([x]) => x), inside.map(([, y]) => y)];
  const box = {west: Math.min(...xs), east: Math.max(...xs), south: Math.min(...ys), north: Math.max(...ys)};
  if (box.east - box.west > WIDEST) return EUROPE;
  const missing = (span) => Math.max(0.6, (SMALLEST - span) / 2);
  const [dx, dy] = [missing(box.east - box.west), missing(box.north - box.south)];
  return {west: box.west - dx, east: box.east + dx, south: box.south - dy, north: box.north + dy};
}

// A form that takes a GeoJSON file, which stays in the browser, and colours its shapes.
function own(data, keyAt, valueAt, title, place) {
  const input = element("input", {type: "file", id: "own-shapes", accept: ".json,.geojson"});
  const note = element("p", {role: "status"});
  input.onchange = async () => {
    try {
      const collection = JSON.parse(await input.files[0].text());
      const found = shapes(collection, data, keyAt, valueAt, title);
      place.replaceChildren(found);
      note.textContent = "";
    } catch (error) {
      note.textContent = say("not-drawn", {why: error.message});
    }
  };
  return element("p", {class: "own"}, element("label", {for: "own-shapes"}, say("own-shapes")), " ",
    input, note);
}

function shapes(collection, data, keyAt, valueAt, title) {
  const values = new Map(data.rows.map((row) => [
    String(row[keyAt].value), valueAt < 0 ? 1 : row[valueAt].value,
  ]));
  const codeOf = (one) =>
    [one.id, ...Object.values(one.properties ?? {})].map(String).find((name) => values.has(name));
  const all = collection.features ?? [];
  const matched = all.filter((one) => codeOf(one));
  if (!matched.length) throw new Error(say("no-match"));
  const projection = geoAzimuthalEqualArea().rotate(CENTRE)
    .fitExtent([[10, 10], [WIDTH - 10, HEIGHT - 10]], {type: "FeatureCollection", features: matched})
    .clipExtent([[0, 0], [WIDTH, HEIGHT]]);
  const path = geoPath(projection);
  const numbers = matched.map((one) => values.get(codeOf(one))).filter((one) => one !== null);
  const steps = thresholds(numbers);
  const svg = frame();
  for (const one of all) {
    const code = codeOf(one);
    const value = values.get(code) ?? undefined;
    svg.append(shape("path", {d: path(one) ?? "", class: stepClass(value, steps)},
      code ? shape("title", {}, `${code}: ${value ?? ""}`) : undefined));
  }
  const measure = valueAt < 0 ? say("rows") : data.columns[valueAt].name;
  const description = say("says-shapes", {y: measure, n: matched.length});
  const whole = figure(svg, {title: title || description, description});
  whole.append(legend(steps, measure));
  return whole;
}
