// The query page: an editor over the text field, and answers without leaving the page.
//
// Without this script the page works as well: the form asks the server, which renders the answer.

import {
  autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import {defaultKeymap, history as changes, historyKeymap} from "@codemirror/commands";
import {
  bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting,
} from "@codemirror/language";
import {forceLinting, linter, lintGutter, lintKeymap} from "@codemirror/lint";
import {highlightSelectionMatches, searchKeymap} from "@codemirror/search";
import {EditorState, Prec} from "@codemirror/state";
import {
  drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars,
  hoverTooltip, keymap, lineNumbers,
} from "@codemirror/view";
import {tags} from "@lezer/highlight";
import {sparql} from "codemirror-lang-sparql";
import {completer, meaning, vocabularyOf} from "./completion.js";
import {announce} from "./results.js";
import {element, say} from "./shared.js";

const PAUSE_MS = 400;
// The server takes longer queries, but their syntax is looked at only when they are asked.
const MOST_CHECKED = 12_000;

const form = document.getElementById("ask");
const field = document.getElementById("query");
const state = document.getElementById("syntax");
const addresses = form.dataset;
const vocabulary = vocabularyOf(addresses);

const theme = EditorView.theme({
  "&": {fontSize: "0.92rem", color: "var(--code-ink)", backgroundColor: "var(--code-paper)",
    height: "100%"},
  "&.cm-focused": {outline: "none"},
  ".cm-scroller": {fontFamily: "var(--mono)", lineHeight: "1.5"},
  ".cm-content": {caretColor: "var(--code-ink)", paddingBlock: "0.6rem"},
  ".cm-gutters": {backgroundColor: "transparent", color: "var(--code-faint)", border: "none"},
  ".cm-activeLine, .cm-activeLineGutter": {backgroundColor: "var(--code-line)"},
  ".cm-cursor": {borderLeftColor: "var(--code-ink)"},
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    {backgroundColor: "var(--code-selection)"},
  ".cm-selectionMatch": {backgroundColor: "var(--code-line)"},
  "&.cm-focused .cm-matchingBracket": {backgroundColor: "var(--code-selection)", outline: "none"},
  ".cm-tooltip": {backgroundColor: "var(--code-raised)", color: "var(--code-ink)",
    border: "1px solid var(--code-edge)", borderRadius: "6px", maxWidth: "min(92vw, 36rem)",
    overflow: "hidden"},
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {fontFamily: "var(--mono)", maxHeight: "19em"},
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {padding: "0.2rem 0.6rem"},
  ".cm-tooltip-autocomplete ul li[aria-selected]":
    {backgroundColor: "var(--code-chosen)", color: "var(--code-on-chosen)"},
  ".cm-completionDetail": {fontFamily: "var(--sans)", fontStyle: "normal", opacity: "0.85",
    marginLeft: "0.9em"},
  ".cm-completionIcon": {opacity: "0.8"},
  ".cm-completionInfo": {fontFamily: "var(--sans)", padding: "0.5rem 0.7rem"},
  ".cm-completionMatchedText": {textDecoration: "none", fontWeight: "700"},
  ".cm-diagnostic": {padding: "0.4rem 0.6rem", borderLeft: "4px solid var(--code-wrong)"},
  ".cm-panels": {backgroundColor: "var(--code-raised)", color: "var(--code-ink)"},
  ".cm-panel.cm-search input, .cm-panel.cm-search button": {
    color: "inherit", backgroundColor: "var(--code-paper)", backgroundImage: "none",
    border: "1px solid var(--code-edge)"},
  ".cm-gutter-lint": {width: "0.9em"},
  // The marks would be pictures from data addresses, which the security policy forbids.
  ".cm-lintRange-error": {backgroundImage: "none", textDecoration: "underline wavy var(--code-wrong)",
    textDecorationSkipInk: "none"},
  ".cm-lintRange-warning": {backgroundImage: "none", textDecoration: "underline wavy var(--code-unsure)",
    textDecorationSkipInk: "none"},
  ".cm-lintRange-active": {backgroundColor: "var(--code-line)"},
  ".cm-lint-marker": {content: "normal", width: "0.6em", height: "0.6em", borderRadius: "50%",
    marginTop: "0.45em"},
  ".cm-lint-marker-error": {content: "normal", background: "var(--code-wrong)"},
  ".cm-lint-marker-warning": {content: "normal", background: "var(--code-unsure)"},
  ".cm-diagnostic-warning": {borderLeftColor: "var(--code-unsure)"},
  ".cm-lintPoint-error:after": {borderBottomColor: "var(--code-wrong)"},
});

// A browser that types over a selection by itself writes style attributes, which the security
// policy forbids; so the editor does it.
const typing = EditorView.domEventHandlers({
  beforeinput(event, now) {
    const {from, to, empty} = now.state.selection.main;
    if (event.inputType !== "insertText" || !event.data || empty || now.composing) return false;
    const insert = () => now.state.update(now.state.replaceSelection(event.data),
      {userEvent: "input.type", scrollIntoView: true});
    const handlers = now.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(now, from, to, event.data, insert))) now.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

const colours = HighlightStyle.define([
  {tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword],
    color: "var(--code-keyword)", fontWeight: "600"},
  {tag: [tags.variableName, tags.special(tags.variableName)], color: "var(--code-variable)"},
  {tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)"},
  {tag: [tags.number, tags.bool, tags.literal], color: "var(--code-number)"},
  {tag: [tags.comment, tags.lineComment], color: "var(--code-faint)", fontStyle: "italic"},
  {tag: [tags.namespace, tags.url, tags.typeName, tags.propertyName], color: "var(--code-name)"},
]);

const host = element("div", {class: "editor"});
// In a tree of its own the editor keeps its styles in sheets that the security policy allows.
const root = host.attachShadow({mode: "open"});
const view = new EditorView({
  parent: root,
  root,
  state: EditorState.create({
    doc: field.value,
    extensions: [
      Prec.highest(keymap.of([
        {key: "Mod-Enter", run: () => (form.requestSubmit(), true)},
        {key: "Mod-/", run: toggleComments},
        {key: "Alt-Enter", run: startCompletion},
      ])),
      lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), changes(),
      drawSelection(), EditorState.allowMultipleSelections.of(true), indentOnInput(),
      bracketMatching(), closeBrackets(), highlightActiveLine(), highlightSelectionMatches(),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap,
        ...completionKeymap, ...lintKeymap]),
      sparql(),
      autocompletion({override: [completer(vocabulary, addresses.things)], maxRenderedOptions: 60, icons: true}),
      hoverTooltip(explained),
      lintGutter(),
      linter(check, {delay: PAUSE_MS}),
      theme,
      syntaxHighlighting(colours),
      EditorView.lineWrapping,
      typing,
      EditorView.contentAttributes.of({"aria-label": say("editor")}),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          field.value = update.state.doc.toString();
          failure = null;
        }
      }),
    ],
  }),
});
field.before(host);
field.hidden = true;
document.querySelector('label[for="query"]').addEventListener("click", () => view.focus());

function toggleComments({state: now, dispatch}) {
  const lines = [];
  for (const {from, to} of now.selection.ranges) {
    for (let line = now.doc.lineAt(from); ; line = now.doc.lineAt(line.to + 1)) {
      if (!lines.some((one) => one.from === line.from)) lines.push(line);
      if (line.to >= to) break;
    }
  }
  const all = lines.every((line) => /^\s*(#|$)/.test(line.text));
  const changes = lines.flatMap((line) => {
    const mark = /^(\s*)# ?/.exec(line.text);
    if (!all) return line.text.trim() ? [{from: line.from, insert: "# "}] : [];
    return mark ? [{from: line.from + mark[1].length, to: line.from + mark[0].length}] : [];
  });
  dispatch(now.update({changes}));
  return true;
}

// What a name means, for whoever points at it

async function explained({state: {doc}}, at) {
  const {from, text} = doc.lineAt(at);
  for (const found of text.matchAll(/<[^<>\s]+>|[\w-]*:(?:\\?[\w/.%-])*(?:\\?[\w/%-])/g)) {
    const pos = from + found.index;
    const end = pos + found[0].length;
    if (at < pos || at > end) continue;
    const said = await meaning(found[0], vocabulary, addresses.things).catch(() => null);
    return said && {pos, end, create: () => ({dom: element("div", {class: "cm-completionInfo"},
      element("strong", {}, said[0]), said[1] && element("div", {}, said[1]))})};
  }
  return null;
}

// Errors

// What the server said of the query that was asked; the check of the syntax would not find it.
let failure = reported();

async function check({state: now}) {
  const text = now.doc.toString();
  if (failure) return [diagnostic(now, failure)];
  if (!text.trim() || text.length > MOST_CHECKED) return [];
  let found;
  try {
    const response = await fetch(`${addresses.check}?${new URLSearchParams({query: text})}`);
    if (!response.ok) return [];
    found = await response.json();
  } catch {
    return [];
  }
  state.textContent = found.message ?? say("well-formed");
  state.classList.toggle("wrong", Boolean(found.message) && !found.warning);
  return found.message ? [diagnostic(now, found)] : [];
}

function diagnostic(now, {line, column, message, warning}) {
  let from = 0;
  let to = now.doc.length;
  if (line) {
    const at = now.doc.line(Math.min(line, now.doc.lines));
    from = Math.min(at.from + Math.max(column - 1, 0), at.to);
    // The word that stands there; at the end of a line, the last one.
    const rest = /^[^\s{}().;,]+|^./.exec(now.doc.sliceString(from, at.to))?.[0].length ?? 0;
    to = from + rest;
    if (!rest) from = Math.max(at.from, from - 1);
  }
  return {from, to: Math.max(to, from), severity: warning ? "warning" : "error", message};
}

function reported() {
  const wrong = document.querySelector("#results [data-line]");
  if (!wrong) return null;
  return {line: Number(wrong.dataset.line), column: Number(wrong.dataset.column),
    message: wrong.textContent.trim()};
}

// Asking

let asking = null;

form.addEventListener("submit", (event) => {
  // A button of its own, for another page, is not for here.
  if (event.submitter?.formAction && event.submitter.hasAttribute("formaction")) return;
  event.preventDefault();
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form)).toString();
  ask(address, true);
});

addEventListener("popstate", () => location.reload());

async function ask(address, remember) {
  asking?.abort();
  const mine = (asking = new AbortController());
  const results = document.getElementById("results");
  const begun = performance.now();
  const stop = element("button", {type: "button"}, say("stop"));
  const time = element("span");
  stop.onclick = () => mine.abort();
  results.replaceChildren(element("p", {class: "wait"}, `${say("asking")} `, time, " ", stop));
  const clock = setInterval(() => {
    time.textContent = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  }, 100);
  try {
    const response = await fetch(address, {headers: {Accept: "text/html"}, signal: mine.signal});
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("results");
    if (!fresh) throw new Error(page.querySelector("main")?.textContent.trim() || response.status);
    const shown = document.getElementById("results");
    shown.replaceWith(document.adoptNode(fresh));
    if (remember && address.href.split("#")[0] !== location.href.split("#")[0]) {
      history.pushState(null, "", address);
    }
    failure = reported();
    if (failure) {
      state.textContent = failure.message;
      state.classList.add("wrong");
    }
    forceLinting(view);
    document.dispatchEvent(new Event("results"));
    announce(fresh.querySelector(".outcome")?.textContent.trim() ?? "");
  } catch (error) {
    if (asking !== mine) return;
    const text = mine.signal.aborted ? say("stopped") : say("not-asked", {why: error.message});
    document.getElementById("results").replaceChildren(element("p", {class: "notice"}, text));
    announce(text);
  } finally {
    clearInterval(clock);
  }
}

// The panel of classes and properties, and the examples

document.addEventListener("click", (event) => {
  const inserting = event.target.closest("[data-insert]");
  if (!inserting || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const {from, to} = view.state.selection.main;
  const before = view.state.doc.sliceString(Math.max(0, from - 1), from);
  const text = (/\S/.test(before) && !/[({[^/|]/.test(before) ? " " : "") + inserting.dataset.insert + " ";
  view.dispatch({changes: {from, to, insert: text}, selection: {anchor: from + text.length},
    scrollIntoView: true});
  view.focus();
});

for (const button of document.querySelectorAll("[data-declare]")) {
  button.hidden = false;
  button.onclick = () => {
    const text = view.state.doc.toString();
    const known = JSON.parse(button.dataset.declare);
    const body = text.replace(/<[^>]*>|"(?:[^"\\\n]|\\.)*"|#.*$/gm, " ");
    const missing = Object.entries(known).filter(([name]) =>
      new RegExp(`(^|[^\\w?$:-])${name}:`).test(body.replace(/^\s*PREFIX\s.*$/gim, "")) &&
      !new RegExp(`^\\s*PREFIX\\s+${name}:`, "im").test(text));
    const lines = missing.map(([name, iri]) => `PREFIX ${name}: <${iri}>\n`).join("");
    if (lines) view.dispatch({changes: {from: 0, insert: lines}});
    announce(say("declared", {n: missing.length}));
    view.focus();
  };
}

const save = document.querySelector("[data-save]");
save.hidden = false;
save.onclick = () => {
  const address = new URL(form.action);
  address.search = new URLSearchParams({query: view.state.doc.toString()});
  const head = `# ${address}\n# ${save.dataset.save}\n\n`;
  const file = URL.createObjectURL(new Blob([head, view.state.doc.toString()]));
  element("a", {href: file, download: "query.rq"}).click();
  URL.revokeObjectURL(file);
  announce(say("saved"));
};

// Escape first closes what is open; it is of no use for leaving, which Tab does.
root.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && completionStatus(view.state)) closeCompletion(view);
});
