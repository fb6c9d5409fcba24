// A claim page that stands open asks now and then whether the claim has moved on, and says so; it never reloads by itself.
"use strict";

(() => {
  const bar = document.getElementById("pulse");
  if (!bar) return;
  const EVERY = 20000;
  const address = `/claims/${encodeURIComponent(bar.dataset.claim)}/pulse`;

  async function ask() {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "error" });
      if (!answer.ok) return;
      const { seq } = await answer.json();
      if (seq > Number(bar.dataset.seq)) bar.hidden = false;
    } catch {
      // The net is away or the session is over: the next form says so.
    }
  }

  window.setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
})();
