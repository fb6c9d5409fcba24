// The keys of review. Each goes to a link or button that stands on the page anyway; the page works without.
"use strict";

(() => {
  const SECTIONS = { f: "facts", p: "papers", w: "sheet", c: "clocks", l: "chain", r: "record", t: "talk" };
  const dialog = document.getElementById("keys");
  const link = document.getElementById("keys-link");
  let waiting = false;
  let byKey = false;

  const typing = (element) => element.matches("input, select, textarea, [contenteditable]");

  function show(event) {
    if (!dialog || typeof dialog.showModal !== "function") return;
    event.preventDefault();
    dialog.showModal();
  }

  // A form's button is only focused, so that the second press (Enter) is meant; a link is followed.
  function go(key) {
    const found = document.querySelector(`[data-key="${key}"]`);
    if (!found) return false;
    if (found.tagName === "BUTTON") {
      found.focus();
      found.scrollIntoView({ block: "center" });
    } else {
      found.click();
    }
    return true;
  }

  function nextPaper() {
    const papers = [...document.querySelectorAll("[data-paper]")];
    const open = papers.findIndex((paper) => paper.getAttribute("aria-current"));
    if (papers.length > 1) papers[(open + 1) % papers.length].click();
  }

  function toSection(key) {
    const heading = document.getElementById(SECTIONS[key]);
    if (!heading) return;
    heading.scrollIntoView();
    heading.setAttribute("tabindex", "-1");
    heading.focus({ preventScroll: true });
  }

  // The browser's viewer of a PDF takes the focus when it has loaded; whoever works by keys gets it back. Tab and mouse go in.
  function takeBack() {
    const frame = document.activeElement;
    if (!byKey || frame?.tagName !== "IFRAME" || frame.matches(":hover")) return;
    frame.blur();
    window.focus();
  }
  window.addEventListener("blur", () => { window.setTimeout(takeBack, 0); });
  document.addEventListener("pointerdown", () => { byKey = false; }, true);

  link?.addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    byKey = event.key !== "Tab";
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || dialog?.open) return;
    const key = event.key.toLowerCase();
    if (waiting) {
      waiting = false;
      toSection(key);
    } else if (event.key === "?") {
      show(event);
    } else if (key === "g") {
      waiting = true;
      window.setTimeout(() => { waiting = false; }, 1500);
    } else if (key === "n") {
      nextPaper();
    } else if ("jktprho".includes(key) && key.length === 1 && go(key)) {
      event.preventDefault();
    }
  });
})();
