// Files of a form: what was chosen is shown with its size, and sending shows how far it is. Every form works without.
"use strict";

const size = (bytes) => bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;

document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-upload]");
  if (!box || event.target.type !== "file") return;
  const list = box.querySelector(".chosen");
  list.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
  list.replaceChildren();
  for (const input of box.querySelectorAll("input[type=file]")) {
    for (const file of input.files) {
      const item = document.createElement("li");
      if (file.type.startsWith("image/")) {
        const img = document.createElement("img");
        img.src = URL.createObjectURL(file);
        img.alt = "";
        item.append(img);
      }
      item.append(`${file.name} · ${size(file.size)}`);
      list.append(item);
    }
  }
  list.hidden = !list.children.length;
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-upload-form]")) return;
  if (![...form.querySelectorAll("input[type=file]")].some((input) => input.files.length)) return;
  event.preventDefault();
  const bar = form.querySelector("progress") ?? form.appendChild(document.createElement("progress"));
  bar.max = 100;
  bar.removeAttribute("value");
  bar.setAttribute("aria-label", form.querySelector("button")?.textContent ?? "");
  const box = form.querySelector("[data-offline]");
  const failed = (words = box.dataset.offline) => {
    bar.remove();
    delete form.dataset.sent;
    const again = form.querySelector("[role=alert]") ?? form.appendChild(document.createElement("p"));
    again.setAttribute("role", "alert");
    again.className = "fault";
    again.textContent = words;
  };
  const chosen = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  if (chosen.reduce((sum, file) => sum + file.size, 0) > box.dataset.limit * 1048576) { failed(box.dataset.large); return; }
  const request = new XMLHttpRequest();
  const address = form.action.split("#")[0];
  request.open("POST", address);
  request.upload.addEventListener("progress", (step) => { if (step.lengthComputable) bar.value = 100 * step.loaded / step.total; });
  request.addEventListener("error", () => failed());
  request.addEventListener("load", () => {
    if (request.responseURL !== address && request.status === 200) { location.assign(request.responseURL); return; }
    const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (!main) { failed(request.status === 413 ? box.dataset.large : box.dataset.broken); return; }
    document.querySelector("main").replaceWith(main);
    document.getElementById("problem")?.focus();
  });
  request.send(new FormData(form));
});
