// A report's fields are not lost with the net: they are kept in this browser, filled in again, and sent when it is back.
// Kept only once the net is gone; removed after sending, after seven days, or by the button. Every form works without this.
"use strict";

const PREFIX = "huzhu-kept:", WEEK = 7 * 24 * 3600 * 1000, NEVER = ["csrf", "once", "version"];
let waiting = null;             // the form and button whose sending the net cut off

const store = {
  key: () => PREFIX + location.pathname,
  read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  write(fields) { try { localStorage.setItem(store.key(), JSON.stringify({ at: Date.now(), fields })); } catch { /* full or forbidden: the page itself still holds the fields */ } },
  drop(test) { try { Object.keys(localStorage).filter((key) => key.startsWith(PREFIX) && test(key)).forEach((key) => localStorage.removeItem(key)); } catch { /* forbidden: nothing is kept */ } },
};

const form = () => document.querySelector("form[data-keep]");
const box = () => document.getElementById("kept");
const fields = (of) => [...new FormData(of)].filter(([name, value]) => typeof value === "string" && !NEVER.includes(name));

function say(words) {
  const place = box();
  if (!place) return;
  place.querySelector("p").textContent = place.dataset[words];
  place.hidden = false;
}

function keep() {
  if (!form()) return;
  store.write(fields(form()));
  say("gone");
}

function fill(given) {
  const rows = new Map();
  given.forEach(([name, value]) => rows.set(name, [...(rows.get(name) ?? []), value]));
  for (const input of form().elements) {
    const values = rows.get(input.name);
    if (!values || NEVER.includes(input.name)) continue;
    if (input.type === "radio" || input.type === "checkbox") input.checked = values.includes(input.value);
    else if (input.type !== "submit") input.value = values[0];
  }
}

function begin() {
  store.drop((key) => Date.now() - (store.read(key)?.at ?? 0) > WEEK);
  if (!form()) return;
  const kept = store.read(store.key());
  if (kept) { fill(kept.fields); say("filled"); }
  if (!navigator.onLine) say("gone");
}

async function send(of, button) {
  const body = new FormData(of);
  if (button?.name) body.append(button.name, button.value);
  let answer;
  try {
    if (!navigator.onLine) throw new TypeError("offline");
    answer = await fetch(of.action, { method: "POST", body: new URLSearchParams(body), credentials: "same-origin" });
  } catch {
    waiting = { of, button };
    delete of.dataset.sent;
    keep();
    return;
  }
  waiting = null;
  const text = await answer.text();
  if (answer.redirected) {
    const prefix = box()?.dataset.prefix;
    store.drop((key) => key === store.key() || (of.hasAttribute("data-last") && prefix && key.startsWith(PREFIX + prefix)));
    location.assign(answer.url);
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main"));
  document.title = page.title;
  document.getElementById("problem")?.focus();
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[data-keep]")) return;
  event.preventDefault();
  void send(event.target, event.submitter);
});
document.addEventListener("input", (event) => {
  if (event.target.form?.matches("[data-keep]") && (!navigator.onLine || store.read(store.key()))) store.write(fields(event.target.form));
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#kept button")) return;
  store.drop((key) => key.startsWith(PREFIX + box().dataset.prefix));
  box().hidden = true;
});
window.addEventListener("offline", keep);
window.addEventListener("online", () => {
  if (!waiting) return;
  say("back");
  void send(waiting.of, waiting.button);
});
begin();
