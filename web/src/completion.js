// What may stand at the cursor: terms of the ontology with label and count, things, variables.

import {compare, language} from "./shared.js";

const KEYWORDS = `SELECT DISTINCT REDUCED CONSTRUCT DESCRIBE ASK FROM NAMED WHERE ORDER BY ASC DESC
LIMIT OFFSET GROUP HAVING OPTIONAL UNION MINUS GRAPH SERVICE SILENT BIND AS VALUES UNDEF FILTER
EXISTS NOT IN PREFIX BASE`.split(/\s+/);
const FUNCTIONS = `STR LANG LANGMATCHES DATATYPE BOUND IRI BNODE RAND ABS CEIL FLOOR ROUND CONCAT
STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY NOW
COALESCE IF STRLANG STRDT SAMETERM ISIRI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR REPLACE COUNT SUM
MIN MAX AVG SAMPLE GROUP_CONCAT`.split(/\s+/);
const TOKEN =
  /#.*|<[^>\s]*>|"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[?$]\w+|(?:[\w-]+)?:[\w\\/.%-]*[\w\\/%-]|[\w-]*:|[{}.;,()[\]]|\^\^|[^\s{}.;,()[\]"'<#]+|./g;
const MOST = 50;
const LEAST_FOR_THINGS = 2;

/** Returns what asks the server for the terms of the vocabulary, once. */
export function vocabularyOf({terms}) {
  let known = null;
  return async () => {
    known ??= fetch(terms).then((response) => (response.ok ? response.json() : {}));
    try {
      return await known;
    } catch {
      known = null;
      return {};
    }
  };
}

/** Returns what a name in a query means: its label, and the definition if it is a term. */
export async function meaning(name, vocabulary, things) {
  const {classes = [], properties = []} = await vocabulary();
  const term = [...classes, ...properties].find((one) => one.name === name || `<${one.iri}>` === name);
  if (term) return [term.label || term.name, term.definition];
  const response = await fetch(`${things}?${new URLSearchParams({name})}`);
  const [thing] = response.ok ? await response.json() : [];
  return thing && [thing.label, thing.kind];
}

/** Returns a source of completions for the editor, which asks the server for terms and things. */
export function completer(vocabulary, things) {
  return async (context) => {
    const word = context.matchBefore(/[?$]\w*|(?:[\w-]+:)?[\p{L}\w\\/.-]*/u);
    const typed = word?.text ?? "";
    if (!context.explicit && !typed) return null;
    const from = word ? word.from : context.pos;
    const text = context.state.doc.toString();
    const before = text.slice(0, from);
    if (inComment(before) || inText(before)) return null;
    const {place, predicate} = placeOf(before);
    const options = [];
    if (/^[?$]/.test(typed) || !typed || place !== "predicate") {
      options.push(...variables(text, from, typed));
    }
    const looked = place !== "predicate" && place !== "class" && !/^[?$]/.test(typed) &&
      (bare(typed).length >= (predicate ? 1 : LEAST_FOR_THINGS) || (context.explicit && predicate));
    const fitting = looked ? await found(things, typed, predicate, context) : [];
    options.unshift(...fitting);
    if (!/^[?$]/.test(typed) && !(predicate && fitting.length)) {
      const vocabularyNow = await vocabulary();
      if (place === "class") options.push(...named(vocabularyNow.classes, typed, "class"));
      else if (place === "predicate") options.push(...named(vocabularyNow.properties, typed, "property"));
      else if (typed) {
        options.push(
          ...named(vocabularyNow.classes, typed, "class"),
          ...named(vocabularyNow.properties, typed, "property"),
        );
      }
      if (typed && !typed.includes(":")) options.push(...keywords(typed));
    }
    if (context.aborted || !options.length) return null;
    return {from, options: options.slice(0, MOST), filter: false};
  };
}

function inComment(before) {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return /(^|\s)#[^>]*$/.test(line.replace(/<[^>]*>|"[^"]*"/g, ""));
}

function inText(before) {
  const line = before.slice(before.lastIndexOf("\n") + 1).replace(/\\./g, "");
  return (line.replace(/"[^"]*"/g, "").match(/"/g) ?? []).length % 2 === 1;
}

/** Says what stands next after a text: "subject", "predicate", "class" or "object"; of which. */
export function placeOf(before) {
  const tokens = (before.match(TOKEN) ?? []).filter((one) => one.trim() && !one.startsWith("#"));
  let terms = [];
  for (const token of tokens) {
    if (token === "." || token === "{" || token === "}" || token === "(" || token === ")") terms = [];
    else if (token === ";" || token === "[") terms = ["_"];
    else if (token === ",") terms = terms.slice(0, 2);
    else if (token === "]") terms = ["_"];
    else if (/^(optional|filter|union|minus|graph|where|select|order|group|values|bind|limit|having)$/i.test(token)) {
      terms = [];
    } else terms.push(token);
  }
  const predicate = terms[1];
  if (!terms.length) return {place: "subject"};
  // A path goes on after its signs.
  if (terms.length === 1 || /[/|^]$/.test(terms.at(-1))) return {place: "predicate"};
  const classes = ["a", "rdf:type", "rdfs:subClassOf"].includes(predicate);
  return {place: classes ? "class" : "object", predicate};
}

function variables(text, from, typed) {
  const names = new Set();
  for (const match of text.matchAll(/[?$](\w+)/g)) {
    if (match.index !== from) names.add(`?${match[1]}`);
  }
  const wanted = typed.replace(/^\$/, "?");
  return [...names]
    .filter((name) => name.startsWith(wanted) && name !== wanted)
    .sort(compare)
    .map((label) => ({label, type: "variable"}));
}

function keywords(typed) {
  const wanted = typed.toUpperCase();
  const fits = (one) => one.startsWith(wanted);
  return [
    ...KEYWORDS.filter(fits).map((label) => ({label, type: "keyword"})),
    ...FUNCTIONS.filter(fits).map((label) => ({label, type: "function", apply: `${label}(`})),
  ];
}

/** Returns the terms that fit what is typed, by name or by label, the most used first. */
export function named(terms, typed, type) {
  const wanted = plain(typed);
  const local = plain(bare(typed));
  const prefix = typed.includes(":") ? typed.slice(0, typed.indexOf(":") + 1).toLowerCase() : "";
  const ranked = [];
  for (const term of terms ?? []) {
    if (prefix && !term.name.toLowerCase().startsWith(prefix)) continue;
    const rank = rankOf(plain(term.name), plain(bare(term.name)), plain(term.label ?? ""), wanted, local);
    if (rank) ranked.push([rank, term]);
  }
  ranked.sort(([one, a], [other, b]) => one - other || (b.count ?? 0) - (a.count ?? 0));
  return ranked.map(([, term]) => ({
    label: term.name,
    detail: [term.label, term.count === undefined ? "" : count(term.count)].filter(Boolean).join(" · "),
    info: term.definition || undefined,
    type,
  }));
}

function rankOf(name, ending, label, wanted, local) {
  if (!wanted || !local) return name.startsWith(wanted) || !wanted ? 3 : 0;
  if (ending.startsWith(local) || name.startsWith(wanted)) return 1;
  if (label.startsWith(local)) return 2;
  if (label.includes(` ${local}`) || name.includes(local)) return 3;
  return 0;
}

function count(number) {
  return `${number.toLocaleString(language)}×`;
}

function bare(name) {
  return name.slice(name.indexOf(":") + 1);
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// Asks the server for things that fit; those first that the property leads to elsewhere.
async function found(address, typed, property, context) {
  const controller = new AbortController();
  context.addEventListener("abort", () => controller.abort());
  const asked = new URLSearchParams({q: bare(typed).replaceAll("\\", "").replaceAll("-", " ")});
  if (property) asked.set("property", property.split("/").at(-1));
  if (typed.includes(":")) asked.set("prefix", typed.slice(0, typed.indexOf(":")));
  try {
    const response = await fetch(`${address}?${asked}`, {signal: controller.signal});
    if (!response.ok) return [];
    return (await response.json()).map(({name, label, kind}) => ({
      label: name, displayLabel: label, detail: `${kind} · ${name}`, apply: name, type: "constant",
    }));
  } catch {
    return [];
  }
}
