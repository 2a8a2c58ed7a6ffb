// The relations on the page of a thing as a network, from the table below.

import {read, say} from "./shared.js";

const section = document.getElementById("network");
const button = section.querySelector("button[aria-pressed]");
const panel = section.querySelector(".panel");

button.hidden = false;
button.onclick = async () => {
  const wanted = panel.hidden;
  button.setAttribute("aria-pressed", wanted);
  if (wanted && !panel.childElementCount) {
    try {
      const {draw} = await import("./graph.js");
      const wished = {x: "from", y: "to", group: "relation"};
      draw(panel, read(section.querySelector("table")), wished, {title: section.dataset.title});
    } catch (error) {
      panel.textContent = say("not-drawn", {why: error.message});
    }
  }
  panel.hidden = !wanted;
};
