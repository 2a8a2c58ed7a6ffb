// Below each picture that can be had as SVG: the same as PNG, which this browser makes.

import {savePng} from "./files.js";
import {element} from "./shared.js";

for (const link of document.querySelectorAll("a[data-picture]")) {
  const button = element("button", {type: "button", class: "plain small"}, "PNG");
  button.onclick = () =>
    savePng(link.href, link.download.replace(/\.svg$/, "")).catch(() => location.assign(link.href));
  link.after(" ", button);
}
