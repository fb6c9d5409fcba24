// Papers page: each picture is looked at as it is chosen (too small, dark, blurred: said at once, the choice is the person's), and each
// file goes in parts, with its own progress, on from where it stopped after a cut. Without this script the page's form does it at once.
"use strict";

{
const WAITS = [1000, 2000, 4000, 8000, 15000];      // between tries on a line that is down
const waiting = new Map();                          // form -> its chosen files

class Refused extends Error {
  constructor(problem) { super(problem.words ?? problem.title ?? ""); this.problem = problem; }
}
const inParts = (form) => form?.matches("[data-parts]") && globalThis.crypto?.subtle;
const say = (form) => JSON.parse(form.dataset.say);
const element = (name, words = "", shape = "") => {
  const made = document.createElement(name);
  made.textContent = words;
  if (shape) made.className = shape;
  return made;
};
const button = (words, act) => {
  const made = element("button", words, "second");
  made.type = "button";
  made.addEventListener("click", act);
  return made;
};

// How a picture looks: the same sums as services/storage/quality.py, whose limits stand in data-measure.
function looks(pixels, width, height) {
  const grey = new Float32Array(width * height);
  let sum = 0, squares = 0;
  for (let at = 0; at < grey.length; at += 1) {
    const light = Math.round((pixels[at * 4] * 299 + pixels[at * 4 + 1] * 587 + pixels[at * 4 + 2] * 114) / 1000);
    grey[at] = light;
    sum += light;
    squares += light * light;
  }
  const light = sum / grey.length, spread = squares / grey.length - light * light;
  let edges = 0, edgeSquares = 0, count = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const edge = Math.min(255, Math.max(0, 128 + grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width] - 4 * grey[at]));
      edges += edge;
      edgeSquares += edge * edge;
      count += 1;
    }
  }
  const mean = edges / Math.max(count, 1);
  return { light, spread: Math.sqrt(Math.max(spread, 0)), sharpness: (edgeSquares / Math.max(count, 1) - mean * mean) / Math.max(spread, 1) };
}

async function faults(file, limits) {
  if (!file.type.startsWith("image/")) return [];
  let picture;
  try { picture = await createImageBitmap(file); } catch { return []; }      // HEIC where the browser cannot: the server looks
  const scale = Math.min(1, limits.long / Math.max(picture.width, picture.height));
  const width = Math.max(3, Math.round(picture.width * scale)), height = Math.max(3, Math.round(picture.height * scale));
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "white";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(picture, 0, 0, width, height);
  picture.close();
  const seen = looks(pen.getImageData(0, 0, width, height).data, width, height);
  const found = [];
  if (seen.spread < limits.empty) found.push("picture_empty");
  if (side < limits.small) found.push("picture_small");
  if (seen.spread >= limits.empty) {
    if (seen.light < limits.dark) found.push("picture_dark");
    if (seen.light > limits.pale) found.push("picture_pale");
    if (seen.sharpness < limits.blurred) found.push("picture_blurred");
  }
  return side < limits.smallest ? ["too_small"] : found;
}

// One chosen file and its line of the list.
function choose(form, file) {
  const words = say(form), item = { file, ask: false, hopeless: false, over: false, stop: new AbortController() };
  const line = item.line = element("li");
  if (file.type.startsWith("image/")) {
    const img = element("img");
    img.src = URL.createObjectURL(file);
    img.alt = "";
    line.append(img);
  }
  item.told = element("div", "", "told");
  item.told.append(element("span", `${file.name} · ${size(file.size)}`));
  item.drop = button(words.drop, () => remove(form, item));
  item.drop.setAttribute("aria-label", `${words.drop} ${file.name}`);
  line.append(item.told, item.drop);
  const list = form.querySelector(".chosen");
  list.append(line);
  list.hidden = false;
  waiting.set(form, [...(waiting.get(form) ?? []), item]);
  item.looked = faults(file, JSON.parse(form.dataset.measure)).then((found) => { if (found.length) advise(form, item, found); });
}

function advise(form, item, found) {
  const words = say(form), advice = JSON.parse(form.dataset.advice);
  item.hopeless = found[0] === "too_small";
  item.ask = true;
  const box = element("div", "", "notice");
  box.setAttribute("role", "status");
  for (const code of found) {
    const [wrong, remedy] = item.hopeless ? [words.tooSmall, advice.picture_small[1]] : advice[code];
    box.append(element("p", `${wrong}${words.colon}${remedy}`));
  }
  const again = button(words.again, () => { remove(form, item); form.querySelector("input[capture]").click(); });
  const keep = button(words.keep, () => { item.ask = false; box.querySelectorAll("button").forEach((one) => one.remove()); });
  box.append(again, ...(item.hopeless ? [] : [keep]));
  item.line.append(box);
}

function remove(form, item) {
  item.stop.abort();
  item.line.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
  item.line.remove();
  if (item.id && !item.over) call(form, `/${item.id}/drop`, {}, new AbortController().signal).catch(() => {});
  waiting.set(form, waiting.get(form).filter((other) => other !== item));
  form.querySelector(".chosen").hidden = !waiting.get(form).length;
  arrived(form);
}

const pause = (time, signal) => new Promise((go, stop) => {
  const timer = setTimeout(go, time);
  globalThis.addEventListener("online", () => { clearTimeout(timer); go(); }, { once: true });
  signal.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
});

// `waits` is told whether this call is waiting for a line that is down.
async function call(form, path, fields, signal, waits = () => {}) {
  const body = new FormData();
  body.set("csrf", form.elements.csrf.value);
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch(form.dataset.parts + path, { method: "POST", body, signal, redirect: "manual" });
      if ((answer.headers.get("content-type") ?? "").includes("json") && answer.status < 500) {
        const told = await answer.json();
        waits(false);
        if (!answer.ok) throw new Refused(told);
        return told;
      }
      if (answer.status < 500) throw new Refused({ words: say(form).broken });      // signed out, or an older page
    } catch (error) {
      if (error instanceof Refused || signal.aborted) throw error;
    }
    if (tries === WAITS.length) throw new Refused({ words: say(form).offline });
    waits(true);
    await pause(WAITS[tries], signal);
  }
}

const hash = async (file) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function send(form, item) {
  const { file, stop: { signal } } = item;
  const waits = (down) => lineDown(form, item, down);
  const bar = item.bar ??= item.told.appendChild(document.createElement("progress"));
  bar.setAttribute("aria-label", file.name);
  bar.max = file.size;
  const about = { kind: form.elements.kind.value, file_name: file.name, size: file.size, sha256: await hash(file) };
  for (let again = true; ;) {
    try {
      let coming = await call(form, "", about, signal, waits);
      item.id = coming.id;
      while (coming.id && coming.received < file.size) {
        bar.value = coming.received;
        const part = file.slice(coming.received, coming.received + coming.part);
        coming = await call(form, `/${coming.id}/part`, { offset: coming.received, part }, signal, waits).catch((error) => {
          if (error.problem?.offset === undefined) throw error;
          return { ...coming, received: error.problem.offset };
        });
      }
      bar.value = file.size;
      if (coming.id) await call(form, `/${coming.id}/finish`, {}, signal, waits);
      return;
    } catch (error) {
      if (!again || error.problem?.code !== "upload_missing") throw error;
      again = false;                    // it was finished and the answer lost, or given up meanwhile: begin tells
    }
  }
}

// Said beside the file while its line is down, so that nobody watches a bar that stands still.
function lineDown(form, item, down) {
  if (!down) {
    item.down?.remove();
    item.down = null;
  } else if (!item.down) {
    item.down = item.told.appendChild(element("span", "", "quiet"));
    item.down.setAttribute("role", "status");
    item.down.textContent = say(form).down;
  }
}

async function sendAll(form) {
  const words = say(form), pressed = form.querySelector("button:not([type=button])");
  form.querySelectorAll(".fault.sent").forEach((old) => old.remove());
  pressed.disabled = true;
  await Promise.all((waiting.get(form) ?? []).map((item) => item.looked));      // pressed before the pictures were looked at
  const items = waiting.get(form) ?? [], unsure = items.find((item) => item.ask && !item.over);
  if (unsure) {
    pressed.disabled = false;
    unsure.line.querySelector(".notice button")?.focus();
    tell(form, words.choose);
    delete form.dataset.sent;
    return;
  }
  for (const item of items.filter((one) => !one.over)) {
    try {
      await send(form, item);
      item.over = true;
      item.drop.remove();
      item.told.append(element("span", words.arrived, "tag good"));
    } catch (error) {
      if (item.stop.signal.aborted) continue;
      lineDown(form, item, false);
      const wrong = element("p", [error.problem?.words ?? words.offline, error.problem?.remedy].filter(Boolean).join(words.colon), "fault sent");
      wrong.setAttribute("role", "alert");
      item.told.append(wrong);
    }
  }
  pressed.disabled = false;
  delete form.dataset.sent;
  arrived(form);
}

function arrived(form) {
  const items = waiting.get(form) ?? [];
  if (items.length && items.every((item) => item.over)) location.assign(`${form.action.split(/[?#]/)[0]}?done=handed`);
}

function tell(form, words) {
  const box = form.querySelector("p.fault.sent") ?? form.appendChild(element("p", "", "fault sent"));
  box.setAttribute("role", "alert");
  box.textContent = words;
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (event.target.type !== "file" || !inParts(form)) return;
  event.stopImmediatePropagation();
  for (const file of event.target.files) {
    if (file.size > form.querySelector("[data-limit]").dataset.limit * 1048576) tell(form, `${file.name}${say(form).colon}${form.querySelector("[data-large]").dataset.large}`);
    else choose(form, file);
  }
  event.target.value = "";              // the next page by the same camera
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !inParts(form) || !(waiting.get(form) ?? []).length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  sendAll(form);
});
}
