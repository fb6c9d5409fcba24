// How many claims are ticked, said beside the button.
"use strict";

const chosen = document.getElementById("chosen");
const ticks = document.querySelectorAll("input[name=claim]");
const say = () => {
  const count = document.querySelectorAll("input[name=claim]:checked").length;
  if (chosen) chosen.textContent = count ? `${chosen.dataset.words} ${count}` : "";
};
ticks.forEach((tick) => tick.addEventListener("change", say));
window.addEventListener("pageshow", say);
