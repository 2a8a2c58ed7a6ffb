// Run queries in Comunica: reads {graph, queries} as JSON, writes {name: rows}, each row a list of
// terms as [value], [value, datatype] or [value, "@", language], [] for nothing.
const fs = require("node:fs");
const { Parser, Store } = require("n3");
const { QueryEngine } = require("@comunica/query-sparql-rdfjs-lite");

function plain(term) {
  if (!term) return [];
  if (term.termType !== "Literal") return [term.value];
  return term.language ? [term.value, "@", term.language] : [term.value, term.datatype.value];
}

async function answer(engine, query, context) {
  const result = await engine.query(query, context);
  if (result.resultType === "boolean") return [[[String(await result.execute())]]];
  const rows = await (await result.execute()).toArray();
  if (result.resultType === "quads") {
    return rows.map((quad) => [quad.subject, quad.predicate, quad.object].map(plain));
  }
  const { variables } = await result.metadata();
  return rows.map((row) => variables.map((one) => plain(row.get(one.variable ?? one))));
}

async function main() {
  const { graph, queries } = JSON.parse(fs.readFileSync(0, "utf8"));
  const store = new Store(new Parser({ format: "trig" }).parse(graph));
  const context = { sources: [store], unionDefaultGraph: true };
  const engine = new QueryEngine();
  const answers = {};
  for (const [name, query] of Object.entries(queries)) {
    answers[name] = await answer(engine, query, context);
  }
  process.stdout.write(JSON.stringify(answers));
}

main();
