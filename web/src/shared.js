// What the islands share: the words of the page, the table of a result, elements.

const SVG = "http://www.w3.org/2000/svg";

const source = document.getElementById("island-words");
const words = source ? JSON.parse(source.textContent) : {};

/** The page's language. */
export const language = document.documentElement.lang || "en";

const plural = new Intl.PluralRules(language);
const collator = new Intl.Collator(language, {numeric: true});

/** Compares texts by the alphabet of the page's language. */
export const compare = collator.compare;

/** Returns the text of a key, with `{name}` filled in; where there are several, the form for `n`. */
export function say(key, values = {}) {
  const known = words[key] ?? key;
  const form = {one: 0, few: 1}[plural.select(Number(values.n ?? 0))] ?? -1;
  return (Array.isArray(known) ? known.at(form) : known).replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/** Makes an element; attributes that are undefined are left out. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Makes an element of a picture. */
export function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/**
 * Reads a table of results, as the server wrote it.
 *
 * @returns {{columns: {name: string, kind: string, label: string}[],
 *            rows: {text: string, value: any, href: ?string}[][]}}
 */
export function read(table) {
  const columns = [...table.tHead.rows[0].cells].map((cell) => ({
    name: cell.dataset.name,
    kind: cell.dataset.kind,
    label: cell.textContent.trim(),
  }));
  const rows = [...table.tBodies[0].rows].map((row) =>
    [...row.cells].map((cell, index) => {
      const text = cell.textContent.trim();
      const href = cell.querySelector("a")?.getAttribute("href") ?? null;
      // Things are told apart by their addresses, as several may have the same name.
      const written = cell.dataset.value ?? href ?? text;
      return {text, value: written === "" ? null : parsed(written, columns[index].kind), href};
    }),
  );
  return {columns, rows};
}

function parsed(written, kind) {
  if (kind === "number") {
    const number = Number(written);
    return Number.isFinite(number) ? number : null;
  }
  if (kind === "date") {
    const [, year, month = 1, day = 1] = /^(-?\d+)(?:-(\d\d))?(?:-(\d\d))?/.exec(written) ?? [];
    return year === undefined ? null : new Date(Date.UTC(Number(year), month - 1, day));
  }
  return written;
}

/** Returns a picture as its own element of a page: with a title, a description and a caption. */
export function figure(picture, {title, description}) {
  const caption = element("figcaption", {}, description);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", title);
  picture.prepend(shape("title", {}, title), shape("desc", {}, description));
  return element("figure", {class: "drawn"}, caption, element("div", {class: "wide", tabindex: 0}, picture));
}
