// Small helps for people with script; every page works without.
"use strict";

// A form is sent once: the second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  window.setTimeout(() => { delete form.dataset.sent; }, 8000);
});

// Going back to a page shows its forms ready to be sent again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});

// Tabs wider than the screen show the place where one is.
document.querySelectorAll("nav [aria-current]").forEach((here) => {
  const menu = here.closest("nav");
  menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
});

// A fold of the menu closes when one goes on elsewhere, or presses Escape.
const folds = () => document.querySelectorAll("nav.menu details[open]");
const closeOthers = (event) => folds().forEach((fold) => { if (!fold.contains(event.target)) fold.open = false; });
document.addEventListener("click", closeOthers);
document.addEventListener("focusin", closeOthers);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  folds().forEach((fold) => {
    if (fold.contains(document.activeElement)) fold.querySelector("summary").focus();
    fold.open = false;
  });
});

// A refusal is where the reader is led first.
document.getElementById("problem")?.focus();
