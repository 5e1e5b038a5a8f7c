// The page works without this script. With it, links within the page and the
// search change the page in place, and it refreshes itself.
"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  const news = document.getElementById("news");
  const field = document.getElementById("q");
  let loaded = performance.now(); // when the answer that is shown came
  let asking = null;              // the request under way
  let timer = 0;
  let lost = false;

  // patch makes an element like another one and keeps what is equal, so that
  // focus, selection, scroll positions and opened lists survive.
  function patch(from, to) {
    for (const a of to.attributes) if (from.getAttribute(a.name) !== a.value) from.setAttribute(a.name, a.value);
    for (const a of [...from.attributes]) {
      if (!to.hasAttribute(a.name) && !(from.localName === "details" && a.name === "open")) from.removeAttribute(a.name);
    }
    const known = new Map();
    for (const child of from.children) if (child.id) known.set(child.id, child);
    let next = from.firstChild;
    for (const want of [...to.childNodes]) {
      let have = want.id ? known.get(want.id) : next;
      if (have && (have.nodeName !== want.nodeName || (have.id || "") !== (want.id || ""))) have = null;
      if (!have) {
        from.insertBefore(document.importNode(want, true), next);
        continue;
      }
      if (have === next) next = next.nextSibling;
      else from.insertBefore(have, next);
      if (want.nodeType !== Node.ELEMENT_NODE) {
        if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
      } else if (!have.isEqualNode(want)) {
        patch(have, want);
      }
    }
    while (next) {
      const rest = next.nextSibling;
      next.remove();
      next = rest;
    }
  }

  function show(page) {
    if (page.querySelector("script").getAttribute("src") !== document.querySelector("script").getAttribute("src")) {
      location.reload(); // another version of the exporter
      return;
    }
    const focused = document.activeElement;
    const before = main.querySelector("#tiles").textContent;
    patch(main, page.getElementById("main"));
    patch(document.querySelector("header .name"), page.querySelector("header .name"));
    document.title = page.title;
    localise();
    document.body.dataset.refresh = page.body.dataset.refresh;
    if (focused !== document.activeElement && focused.isConnected) focused.focus({preventScroll: true});
    const tiles = main.querySelector("#tiles");
    if (tiles.textContent !== before) {
      news.textContent = [...tiles.querySelectorAll("a")].map((a) => a.textContent.trim()).join("; ");
    }
  }

  function ask() {
    clearTimeout(timer);
    if (asking) asking.abort();
    const request = asking = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search);
    request.responseType = "document";
    request.timeout = 15000;
    request.onload = () => {
      if (request.status === 200 && request.response && request.response.getElementById("main")) {
        loaded = performance.now();
        show(request.response);
      } else {
        return answered("the exporter answered " + request.status);
      }
      answered("");
    };
    request.onerror = request.ontimeout = () => answered("the exporter does not answer");
    request.send();
  }

  function answered(trouble) {
    asking = null;
    lost = trouble !== "";
    live.className = lost ? "lost" : paused() ? "" : "on";
    const words = lost ? "Old data: " + trouble : paused() ? "Paused" : "Live";
    if (live.textContent !== words) live.textContent = words;
    plan();
  }

  const paused = () => pause.getAttribute("aria-pressed") === "true";

  function plan() {
    clearTimeout(timer);
    if (!paused() && !document.hidden) timer = setTimeout(ask, 1000 * (Number(document.body.dataset.refresh) || 10));
  }

  // Go to another query of the same page.
  function go(address, replace) {
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    ask();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const address = new URL(link.href);
    if (link.id.startsWith("tile-") || link.closest("#managers, #servers") && address.hash === "#tasks") {
      document.getElementById("tasks").scrollIntoView();
    }
    if (link.id === "chip-search" || link.id.startsWith("tile-")) field.value = address.searchParams.get("q") || "";
    go(address.pathname + address.search);
  });

  function find() {
    const address = new URL(location);
    address.searchParams.delete("from");
    if (field.value.trim()) address.searchParams.set("q", field.value.trim());
    else address.searchParams.delete("q");
    if (address.href !== location.href) go(address.pathname + address.search, true);
  }
  let typing = 0;
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    find();
  });
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, 150);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(input|textarea|select)$/.test(event.target.localName)) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });

  pause.addEventListener("click", () => {
    pause.setAttribute("aria-pressed", String(!paused()));
    if (paused()) {
      clearTimeout(timer);
      if (asking) asking.abort();
      answered("");
    } else {
      ask();
    }
  });
  window.addEventListener("popstate", () => {
    field.value = new URL(location).searchParams.get("q") || "";
    ask();
  });
  document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : paused() || ask());

  // The same words as Span in internal/fleet, for whole seconds.
  function span(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    for (let i = 0; i < 3; i++) {
      const [size, name] = units[i], [part, small] = units[i + 1];
      if (s < size) continue;
      const rest = Math.floor(s % size / part);
      return Math.floor(s / size) + " " + name + (rest ? " " + rest + " " + small : "");
    }
    return s + " s";
  }

  // Instants are shown in the reader's time zone, exactly in the hint.
  const zone = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});
  function localise() {
    for (const e of document.querySelectorAll("time[datetime]")) {
      const exact = e.getAttribute("datetime");
      if (e.title !== exact) e.title = exact;
      if (e.dataset.age !== undefined) continue;
      const words = zone.format(new Date(exact));
      if (e.textContent !== words) e.textContent = words;
    }
  }
  setInterval(() => {
    const passed = (performance.now() - loaded) / 1000;
    for (const e of document.querySelectorAll("[data-age], [data-left]")) {
      const words = e.dataset.age === undefined ? span(Number(e.dataset.left) - passed) : span(Number(e.dataset.age) + passed);
      if (e.textContent !== words) e.textContent = words;
    }
  }, 1000);

  pause.hidden = false;
  localise();
  answered("");
})();
