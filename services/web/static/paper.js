// A paper at the desk by keys: what is pressed goes to a button or link that stands on the page anyway; the page works without.
"use strict";

(() => {
  const main = document.getElementById("main");
  let zoom = null;            // the size chosen by key, kept from field to field
  let busy = false;
  let current = null;         // the field's line that keys speak of

  const lines = () => [...main.querySelectorAll("[data-line]")];
  const typing = (element) => element.matches("input, select, textarea, [contenteditable]");
  const boxOf = (line) => main.querySelector(`.box[data-for="${line.id}"]`);

  function now() {
    if (current && main.contains(current)) return current;
    return lines().find((line) => !line.classList.contains("answered")) || lines()[0] || null;
  }

  function light(line, on) {
    line.classList.toggle("lit", on);
    boxOf(line)?.classList.toggle("lit", on);
  }

  // The place on the page comes into its frame, without moving the window.
  function bring(line) {
    const box = boxOf(line)?.querySelector("rect");
    const frame = main.querySelector(".frame");
    if (!box || !frame) return;
    const place = box.getBoundingClientRect();
    const around = frame.getBoundingClientRect();
    if (place.top < around.top || place.bottom > around.bottom) frame.scrollTop += place.top - around.top - around.height / 3;
    if (place.left < around.left || place.right > around.right) frame.scrollLeft += place.left - around.left - around.width / 4;
  }

  function stand(line) {
    current = line;
    lines().forEach((other) => { light(other, other === line); });
    bring(line);
  }

  function step(by) {
    const all = lines();
    const at = all.indexOf(now());
    const to = all[Math.min(all.length - 1, Math.max(0, (document.activeElement === all[at] ? at + by : at)))];
    to?.focus();
  }

  function resize(by) {
    const sheet = main.querySelector(".sheet");
    if (!sheet) return;
    const sizes = sheet.dataset.zooms.split(" ");
    const at = sizes.indexOf(String(zoom || sheet.dataset.zoomNow));
    zoom = by === 0 ? "100" : sizes[Math.min(sizes.length - 1, Math.max(0, at + by))];
    size(sheet);
    if (now()) bring(now());
  }

  function size(sheet) {
    if (!zoom) return;
    sheet.dataset.zooms.split(" ").forEach((one) => { sheet.classList.toggle(`z${one}`, one === zoom); });
    main.querySelectorAll("input[name=zoom]").forEach((field) => { field.value = zoom; });
  }

  function say(what) {
    const line = now();
    const button = line?.querySelector(`[data-do="${what}"]`);
    if (button) button.form.requestSubmit(button);
    return Boolean(button);
  }

  function edit() {
    const open = now()?.querySelector("details.edit");
    if (!open) return;
    open.open = true;
    const field = open.querySelector("input:not([type=hidden])");
    field.focus();
    field.select();
  }

  function onward() {
    const link = main.querySelector("[data-next-page]") || main.querySelector("[data-next-paper]");
    link?.click();
  }

  // An answer changes the fields, not the picture: what came back takes the place of what was there, the picture stays.
  async function send(form, button) {
    busy = true;
    try {
      const sent = new URLSearchParams(new FormData(form, button));
      const answer = await fetch(form.action, { method: "POST", body: sent, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const there = new URL(answer.url);
      const place = new URL(form.action).pathname.replace(/\/fields$/, "");
      if (!page.querySelector(".desk") || (answer.ok && there.pathname !== place)) {
        window.location.assign(answer.redirected ? answer.url : window.location.href);
        return;
      }
      swap(page);
      // The way back leads to the page as it now lies open. A fetch keeps the place named after # to itself.
      if (answer.redirected) window.history.replaceState(null, "", there.pathname + there.search);
      const left = [...lines()];
      const at = left.findIndex((line) => line.id === `f-${sent.get("field")}`);
      const next = [...left.slice(at + 1), ...left.slice(0, at + 1)].find((line) => !line.classList.contains("answered"));
      const problem = document.getElementById("problem");
      const wrong = main.querySelector("[aria-invalid]");
      (problem ? wrong || problem : next || main.querySelector("#next"))?.focus();
    } catch {
      const pressed = document.createElement("input");       // the net is gone: the browser sends it, and says so itself
      Object.assign(pressed, { type: "hidden", name: button?.name || "", value: button?.value || "" });
      form.append(pressed);
      form.submit();
    } finally {
      busy = false;
    }
  }

  function swap(page) {
    const frame = main.querySelector(".frame");
    const place = frame ? [frame.scrollLeft, frame.scrollTop] : [0, 0];
    const old = main.querySelector(".sheet img");
    const kept = ["keys", "keys-link"].map((id) => document.getElementById(id));      // keys.js holds on to them
    main.replaceChildren(...page.getElementById("main").childNodes);
    kept.forEach((one) => { if (one) document.getElementById(one.id)?.replaceWith(one); });
    const fresh = main.querySelector(".sheet img");
    if (old && fresh && old.getAttribute("src") === fresh.getAttribute("src")) fresh.replaceWith(old);
    dress();
    const now = main.querySelector(".frame");
    if (now) [now.scrollLeft, now.scrollTop] = place;
  }

  function dress() {
    current = null;
    lines().forEach((line) => { line.tabIndex = 0; });
    const sheet = main.querySelector(".sheet");
    if (sheet) size(sheet);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.action.endsWith("/fields") || form.querySelector("[name=answer]")?.value === "turn") return;
    event.preventDefault();
    if (!busy) send(form, event.submitter);
  }, true);
  main.addEventListener("focusin", (event) => {
    const line = event.target.closest("[data-line]");
    if (line) stand(line);
  });
  main.addEventListener("mouseover", (event) => {
    const line = event.target.closest("[data-line]") || document.getElementById(event.target.closest(".box")?.dataset.for || "");
    lines().forEach((other) => { light(other, other === line || other === current); });
  });
  main.addEventListener("click", (event) => {
    const box = event.target.closest(".box");
    if (box) {
      const line = document.getElementById(box.dataset.for);
      line?.focus();
      line?.scrollIntoView({ block: "nearest" });
      return;
    }
    const link = event.target.closest("[data-zoom]");
    if (link) {
      event.preventDefault();
      resize(Number(link.dataset.zoom));
    }
  });

  const KEYS = {
    a: () => say("accept"), u: () => say("unreadable"), e: edit, n: onward, "+": () => resize(1), "=": () => resize(1),
    "-": () => resize(-1), "0": () => resize(0), arrowdown: () => step(1), arrowup: () => step(-1),
    r: () => { const button = main.querySelector("[data-do=turn]"); button?.form.requestSubmit(button); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest?.("details.edit")) {
      event.target.closest("details.edit").open = false;
      event.target.closest("[data-line]").focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.target.closest(".frame") && event.key.startsWith("Arrow")) return;        // the picture is moved
    const key = event.key.toLowerCase();
    const act = key === "enter" && event.target.matches("[data-line]") ? () => say("accept") : KEYS[key];
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }, true);

  dress();
  const named = window.location.hash ? document.getElementById(window.location.hash.slice(1)) : null;
  if (named && main.contains(named)) named.focus();
  else if (now() && !document.getElementById("problem")) stand(now());
})();
