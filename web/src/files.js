// Pictures as files: PNG of what the server draws, SVG and PNG of what is drawn here.

import {element} from "./shared.js";

const SCALE = 2;

/** Saves a picture at an address as PNG, at twice its size. */
export async function savePng(address, name, background = "white") {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = element("canvas", {
    width: image.naturalWidth * SCALE, height: image.naturalHeight * SCALE,
  });
  const context = canvas.getContext("2d");
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  save(await new Promise((done) => canvas.toBlob(done, "image/png")), `${name}.png`);
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Returns buttons that save a picture of this page as SVG and PNG. */
export function saving(picture, name) {
  const button = (label, onclick) => {
    const made = element("button", {type: "button", class: "plain"}, label);
    made.onclick = onclick;
    return made;
  };
  return element("p", {class: "under"},
    button("SVG", () => save(standalone(picture), `${name}.svg`)),
    button("PNG", async () => {
      const address = URL.createObjectURL(standalone(picture));
      await savePng(address, name, colour("--paper"));
      URL.revokeObjectURL(address);
    }));
}

// A copy that needs no style sheet: its variables are written out, as the theme has them.
function standalone(picture) {
  const copy = picture.cloneNode(true);
  const {width, height} = picture.getBoundingClientRect();
  const {color, fontFamily} = getComputedStyle(picture);
  for (const [key, value] of Object.entries({width, height, "font-family": fontFamily})) {
    copy.setAttribute(key, value);
  }
  copy.style.color = color;
  const text = new XMLSerializer().serializeToString(copy)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name));
  return new Blob([text], {type: "image/svg+xml"});
}

function colour(name) {
  const probe = element("span", {hidden: true});
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const {color} = getComputedStyle(probe);
  probe.remove();
  return color;
}
