// Builds the islands into the package: `node build.mjs`; `--check` compares instead of writing.
//
// The output is committed, so that nothing but Python is needed to install. It is the same bytes
// each time: locked dependencies, no time stamps, no paths of the machine that built it.

import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../src/clustergraph/pages/static/islands");
const licences = join(here, "../LICENSES/bundled-javascript.txt");

// Each is a file of its own, loaded when it is needed, and names the others relative to itself.
const entries = ["query", "results", "plot", "map", "graph", "picture"];

// Plot writes style elements into its pictures, which the content security policy forbids; their
// few rules stand in islands.css. Should a later release write others, the build fails.
const styleless = {
  name: "styleless",
  setup({onLoad}) {
    const files = /@observablehq[/\\]plot[/\\]src[/\\](plot|legends[/\\](ramp|swatches))\.js$/;
    onLoad({filter: files}, ({path}) => {
      const source = readFileSync(path, "utf8");
      const pieces = source.split(/(?:svg\.append\("style"\)|div\.insert\("style", "\*"\))\.text\(/);
      if (pieces.length !== 2) throw new Error(`${path}: expected one style element`);
      return {contents: pieces.join("void ("), loader: "js"};
    });
  },
};

// Our islands name each other; packages have files of the same names, which are not meant.
const apart = {
  name: "apart",
  setup({onResolve}) {
    const names = new Set(entries.map((name) => `./${name}.js`));
    onResolve({filter: /^\.\/\w+\.js$/}, ({path, resolveDir}) =>
      resolveDir === join(here, "src") && names.has(path) ? {path, external: true} : undefined);
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: entries.map((name) => `src/${name}.js`),
  outdir: target,
  bundle: true,
  write: false,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  plugins: [styleless, apart],
});

const outputs = new Map(result.outputFiles.map((file) => [file.path, file.contents]));
outputs.set(licences, Buffer.from(licencesOf(bundled(result.metafile))));

if (process.argv.includes("--check")) {
  const stale = [...outputs].filter(([path, content]) => {
    try {
      return !readFileSync(path).equals(Buffer.from(content));
    } catch {
      return true;
    }
  });
  for (const [path] of stale) console.error(`${path} is not what the sources in web/ give`);
  if (stale.length) {
    console.error("run `make web` and commit what it changes");
    process.exit(1);
  }
  console.log(`${outputs.size} files are what the sources give`);
} else {
  mkdirSync(target, {recursive: true});
  for (const [path, content] of outputs) {
    writeFileSync(path, content);
    console.log(`${String(content.length).padStart(8)}  ${path.slice(dirname(here).length + 1)}`);
  }
}

// The files of which something is in the output: most are left out for want of use.
function bundled({outputs}) {
  return Object.values(outputs).flatMap(({inputs}) =>
    Object.keys(inputs).filter((name) => inputs[name].bytesInOutput > 0));
}

// The licence texts of all packages of which anything is bundled.
function licencesOf(inputs) {
  const packages = new Set(["world-atlas"]);
  for (const input of inputs) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[1]);
  }
  const parts = [...packages].sort().map((name) => {
    const room = join(here, "node_modules", name);
    const about = JSON.parse(readFileSync(join(room, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].find((one) => {
      try {
        return readFileSync(join(room, one));
      } catch {
        return false;
      }
    });
    if (!about.license) throw new Error(`${name} does not say under which licence it stands`);
    const text = file ? readFileSync(join(room, file), "utf8").trim() : `Licence: ${about.license}`;
    return `${name} ${about.version} (${about.license})\n\n${text.replaceAll("\r\n", "\n")}\n`;
  });
  const head =
    "Parts of other projects in the bundled scripts and the map of Europe.\n" +
    "The map is cut out of Natural Earth, which is in the public domain.\n";
  return [head, ...parts].join(`\n${"-".repeat(72)}\n\n`);
}
