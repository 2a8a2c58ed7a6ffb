// Below each picture that can be had as SVG: the same as PNG, which this browser makes.

const SCALE = 2;

for (const link of document.querySelectorAll("a[data-picture]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain small";
  button.textContent = "PNG";
  button.onclick = () => save(link).catch(() => location.assign(link.href));
  link.after(" ", button);
}

async function save(link) {
  const image = new Image();
  image.src = link.href;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * image.naturalWidth;
  canvas.height = SCALE * image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const file = document.createElement("a");
  file.href = URL.createObjectURL(blob);
  file.download = link.download.replace(/\.svg$/, ".png");
  file.click();
  URL.revokeObjectURL(file.href);
}
