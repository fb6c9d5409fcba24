// The page of a roster that is still being checked asks how far it is; without script there is a link to refresh.
"use strict";

(() => {
  const EVERY = 3000;
  async function ask() {
    const shown = document.getElementById("progress");
    if (shown?.dataset.state !== "waiting") return;
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("progress");
      if (fresh?.dataset.state === "waiting") shown.replaceWith(fresh);
      else if (fresh) document.querySelector("main").replaceWith(page.querySelector("main"));
    } catch {
      // The net is away: the next turn asks again.
    } finally {
      window.setTimeout(ask, EVERY);
    }
  }
  window.setTimeout(ask, EVERY);
})();
