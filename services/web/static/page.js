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

// A refusal is where the reader is led first.
document.getElementById("problem")?.focus();
