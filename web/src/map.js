// A result on a map: as the server draws it; or on a shape file of one's own, which stays here.

import {geoAzimuthalEqualArea, geoPath} from "d3-geo";
import {element, figure, say, shape} from "./shared.js";

const WIDTH = 760;
const HEIGHT = 640;
const STEPS = 5;
// Where the projection of the EU's own maps has its centre.
const CENTRE = [-10, -52];

/** Shows the map in a panel. */
export async function draw(panel, data, wished, {map, title}) {
  const place = element("div");
  panel.append(place);
  place.append(await drawn(map));
  const keyAt = data.columns.findIndex((one) => one.kind === "region");
  if (keyAt >= 0) panel.append(own(data, keyAt, valueColumn(data, wished), title, place));
}

// The server's document, without what it has only where it stands alone.
async function drawn(address) {
  const response = await fetch(address, {headers: {accept: "text/html"}});
  if (!response.ok) throw new Error(say("no-points"));
  // The style of the document is that of the page; the page's policy forbids it to be parsed here.
  const text = (await response.text()).replace(/<style>.*?<\/style>/s, "");
  const picture = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  picture.querySelector(".paper").remove();
  for (const key of ["width", "height"]) picture.removeAttribute(key);
  picture.classList.add("map", "alone");
  return element("figure", {class: "drawn"}, document.importNode(picture, true));
}

function valueColumn({columns}, wished) {
  const named = columns.findIndex((one) => one.name === wished.y && one.kind === "number");
  return named >= 0 ? named : columns.findIndex((one) => one.kind === "number");
}

// Steps of equal counts, so that one giant does not make all others look alike.
function thresholds(values) {
  const sorted = [...new Set(values)].sort((one, other) => one - other);
  if (sorted.length <= STEPS) return sorted;
  return Array.from({length: STEPS}, (_, step) => sorted[Math.floor((step * sorted.length) / STEPS)]);
}

function stepClass(value, steps) {
  if (value === undefined) return "ru";
  // Few steps take the strong end of the ramp: they are to be told from the unknown.
  const step = steps.filter((least) => value >= least).length;
  return `r${STEPS - steps.length + Math.max(step, 1) - 1}`;
}

function legend(steps, measure) {
  const list = element("ul", {class: "legend", "aria-label": measure});
  steps.forEach((least, index) => {
    const text = `${index < steps.length - 1 || steps.length < STEPS ? "" : "≥ "}${readable(least)}`;
    list.append(key(`r${STEPS - steps.length + index}`, text));
  });
  list.append(key("ru", say("unknown")));
  return list;
}

function readable(number) {
  return String(Number(number.toPrecision(6)));
}

function key(className, text) {
  return element("li", {}, element("span", {class: `swatch ${className}`}), text);
}

// A form that takes a GeoJSON file, which stays in the browser, and colours its shapes.
function own(data, keyAt, valueAt, title, place) {
  const input = element("input", {type: "file", id: "own-shapes", accept: ".json,.geojson"});
  const note = element("p", {role: "status"});
  input.onchange = async () => {
    try {
      const collection = JSON.parse(await input.files[0].text());
      place.replaceChildren(shapes(collection, data, keyAt, valueAt, title));
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
  const svg = shape("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "map picture"});
  for (const one of all) {
    const code = codeOf(one);
    const value = values.get(code) ?? undefined;
    svg.append(shape("path", {d: path(one) ?? "", class: stepClass(value, steps)},
      code ? shape("title", {}, `${code}: ${value ?? say("unknown")}`) : undefined));
  }
  const measure = valueAt < 0 ? say("rows") : data.columns[valueAt].label;
  const description = say("says-shapes", {y: measure, n: matched.length});
  const whole = figure(svg, {title: title || description, description});
  whole.append(legend(steps, measure));
  return whole;
}
