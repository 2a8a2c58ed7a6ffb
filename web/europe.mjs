// The countries of Europe, cut out of world-atlas: topology with two-letter codes.

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {feature} from "topojson-client";

// ISO 3166: the numbers that world-atlas has, and the two letters that the graph has.
const CODES = {
  "008": "AL", "020": "AD", "040": "AT", "031": "AZ", "112": "BY", "056": "BE", "070": "BA",
  "100": "BG", "191": "HR", "196": "CY", "203": "CZ", "208": "DK", "233": "EE", "234": "FO",
  "246": "FI", "250": "FR", "268": "GE", "276": "DE", "300": "GR", "348": "HU", "352": "IS",
  "372": "IE", "376": "IL", "380": "IT", "428": "LV", "438": "LI", "440": "LT", "442": "LU",
  "470": "MT", "498": "MD", "492": "MC", "499": "ME", "504": "MA", "528": "NL", "807": "MK",
  "578": "NO", "051": "AM", "616": "PL", "620": "PT", "642": "RO", "643": "RU", "674": "SM",
  "688": "RS", "703": "SK", "705": "SI", "724": "ES", "752": "SE", "756": "CH", "788": "TN",
  "792": "TR", "804": "UA", "826": "GB", "012": "DZ", "434": "LY", "422": "LB", "760": "SY",
  "398": "KZ", "364": "IR", "368": "IQ", "400": "JO", "682": "SA", "818": "EG", "275": "PS",
  "795": "TM", "860": "UZ", "831": "GG", "832": "JE", "833": "IM", "248": "AX",
};
// Longitude and latitude of what the map may show: polygons wholly outside are left out.
const WEST = -26, SOUTH = 30, EAST = 58, NORTH = 73;
// The grid of the points, in degrees: some two kilometres, less than the map shows.
const STEP = 0.025;

/** Returns the topology, with only the arcs that are used. */
export function europe() {
  const path = createRequire(import.meta.url).resolve("world-atlas/countries-50m.json");
  const world = JSON.parse(readFileSync(path, "utf8"));
  const geometries = [];
  for (const geometry of world.objects.countries.geometries) {
    // Kosovo has no number in the standard.
    const code = geometry.properties.name === "Kosovo" ? "XK" : CODES[geometry.id];
    if (!code) continue;
    const rings = geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs;
    const kept = rings.filter((arcs) => within(world, arcs));
    if (kept.length) geometries.push({type: "MultiPolygon", id: code, arcs: kept});
  }
  geometries.sort((one, other) => (one.id < other.id ? -1 : 1));
  return thinned(world, geometries);
}

function within(world, arcs) {
  const outer = feature(world, {type: "Polygon", arcs}).geometry.coordinates[0];
  return outer.some(([x, y]) => x > WEST && x < EAST && y > SOUTH && y < NORTH);
}

// Renumbers the arcs and writes their points on a coarser grid, as differences.
function thinned(world, geometries) {
  const {scale, translate} = world.transform;
  const numbers = new Map();
  const arcs = [];
  const renumber = (index) => {
    const positive = index < 0 ? ~index : index;
    if (!numbers.has(positive)) {
      numbers.set(positive, arcs.length);
      arcs.push(coarse(world.arcs[positive], scale, translate));
    }
    const number = numbers.get(positive);
    return index < 0 ? ~number : number;
  };
  for (const geometry of geometries) {
    geometry.arcs = geometry.arcs.map((rings) => rings.map((ring) => ring.map(renumber)));
  }
  return {
    type: "Topology",
    transform: {scale: [STEP, STEP], translate: [-180, -90]},
    objects: {countries: {type: "GeometryCollection", geometries}},
    arcs,
  };
}

function coarse(arc, scale, translate) {
  const points = [];
  let x = 0, y = 0, lastX, lastY;
  arc.forEach(([dx, dy], index) => {
    x += dx;
    y += dy;
    const column = Math.round((x * scale[0] + translate[0] + 180) / STEP);
    const row = Math.round((y * scale[1] + translate[1] + 90) / STEP);
    if (index === 0) points.push([column, row]);
    else if (column !== lastX || row !== lastY || index === arc.length - 1) {
      points.push([column - lastX, row - lastY]);
    } else return;
    [lastX, lastY] = [column, row];
  });
  return points;
}
