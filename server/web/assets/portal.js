// Comforts. Every page works without them.
"use strict";

const root = document.documentElement;
root.classList.add("js");

// The colour scheme is a cookie that the server reads, so that no page flashes.
const scheme = document.getElementById("scheme");
scheme?.addEventListener("click", (e) => {
  e.preventDefault();
  const dark = root.dataset.scheme ? root.dataset.scheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const next = dark ? "light" : "dark";
  root.dataset.scheme = next;
  document.cookie = `scheme=${next}; path=/; max-age=31536000; samesite=lax`;
  document.querySelector('meta[name="color-scheme"]').content = next;
  const label = scheme.dataset[dark ? "dark" : "light"];
  scheme.setAttribute("aria-label", label);
  scheme.title = label;
});

// Forms leave out what is empty, so that an address says only what was chosen.
document.addEventListener("submit", (e) => {
  if (e.target.method !== "get") return;
  const unset = [...e.target.elements].filter((x) => x.name && x.value === "" && !x.disabled);
  for (const x of unset) x.disabled = true;
  // Whoever comes back finds the form as it was.
  setTimeout(() => unset.forEach((x) => (x.disabled = false)), 0);
});

document.addEventListener("change", (e) => {
  if (e.target.form?.hasAttribute("data-submit-on-change")) e.target.form.requestSubmit();
});

// Search as one types: the server renders the same list.
const find = document.getElementById("find");
if (find) {
  const catalog = document.getElementById("catalog");
  const box = find.elements.q;
  let asked = 0;
  let timer;
  const look = async () => {
    const query = new URLSearchParams([...new FormData(find)].filter(([, v]) => v !== ""));
    const address = find.getAttribute("action") + (query.size ? `?${query}` : "");
    const mine = ++asked;
    query.set("fragment", "1");
    try {
      const answer = await fetch(`${find.getAttribute("action")}?${query}`, { headers: { "Accept-Language": root.lang } });
      const html = await answer.text();
      if (!answer.ok || mine !== asked) return;
      catalog.innerHTML = html;
      history.replaceState(null, "", address);
      fold();
    } catch {
      // The form still works.
    }
  };
  box.addEventListener("input", (e) => {
    clearTimeout(timer);
    if (!e.isComposing) timer = setTimeout(look, 160);
  });
  box.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 160);
  });
}

// On a narrow screen the facets wait until they are asked for.
function fold() {
  const facets = document.querySelector(".facets .narrow");
  if (facets && matchMedia("(max-width: 899px)").matches) facets.open = false;
}
fold();

// Where a chart is wider than the screen, its newest end is shown.
for (const chart of document.querySelectorAll(".scroll.bare")) chart.scrollLeft = chart.scrollWidth;

// Code and hashes can be copied.
for (const block of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain small copy";
  button.textContent = block.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
    } catch {
      getSelection().selectAllChildren(block.querySelector("code"));
      return;
    }
    button.textContent = block.dataset.copied;
    setTimeout(() => (button.textContent = block.dataset.copy), 1500);
  });
  block.prepend(button);
}
