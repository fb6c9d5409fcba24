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

// A menu wider than the screen shows the place where one is.
document.querySelectorAll("nav [aria-current]").forEach((here) => {
  const menu = here.closest("nav");
  menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
});

// A refusal is where the reader is led first.
document.getElementById("problem")?.focus();
