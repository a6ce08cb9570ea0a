// What a page does beyond links and forms: keys, passkeys, charts, the session's end, lists. No inline code anywhere.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const csrf = () => $('meta[name="csrf"]').content;
  const english = document.documentElement.lang === "en";
  const say = (en, zh) => (english ? en : zh);

  // A form that came back: the summary is read first, and leads to the field.
  const fault = $("#fault");
  if (fault) { fault.focus(); const closed = $("[aria-invalid]")?.closest("details"); if (closed) closed.open = true; }

  // Keys. A letter typed into a field is a letter.
  const typing = (element) => element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select") || element.isContentEditable;
  let going = false;
  const rows = () => all("[data-row]");
  function step(by) {
    const list = rows();
    if (!list.length) return;
    const now = list.findIndex((row) => row.classList.contains("at"));
    const next = list[Math.max(0, Math.min(list.length - 1, now < 0 ? (by > 0 ? 0 : list.length - 1) : now + by))];
    list.forEach((row) => row.classList.remove("at"));
    next.classList.add("at");
    const target = $("a", next) || $("input", next);
    if (target) target.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => { menu.open = false; $("summary", menu).focus(); });
    if (event.key === "F2") { const first = $("#query input, #query select, main form input:not([type=hidden])"); if (first) { event.preventDefault(); first.focus(); } return; }
    if (typing(event.target)) return;
    const open = { "/": () => $("#search"), "?": () => $("#keys") }[event.key];
    if (open && open()) {
      event.preventDefault();
      const element = open();
      element.showModal ? element.showModal() : element.focus();
    } else if (event.key === "j" || event.key === "k") {
      event.preventDefault(); step(event.key === "j" ? 1 : -1);
    } else if (event.key === "x") {
      const box = $("tr.at input[type=checkbox]"); if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); }
    } else if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1200); return;
    } else if (going && event.key === "a") { const link = $("#waiting")?.closest("a"); if (link) link.click(); }
    going = false;
  });
  document.addEventListener("click", (event) => {
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (event.target.closest("[data-print]")) window.print();
  });

  // Selected rows.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-selected]");
    if (!form) return;
    const boxes = all('input[name="id"]', form);
    if (event.target.matches("[data-all]")) boxes.forEach((box) => { box.checked = event.target.checked; });
    const count = boxes.filter((box) => box.checked).length;
    $(".selected-bar", form).hidden = count === 0;
    $(".selected-count", form).textContent = say(`${count} selected`, `已选 ${count} 项`);
  });

  // How long an open window still has; the service says the seconds, so a wrong clock here does no harm.
  const began = Date.now();
  const counted = all("[data-left]");
  if (counted.length) setInterval(() => counted.forEach((element) => {
    const left = Math.max(0, Number(element.dataset.left) - Math.floor((Date.now() - began) / 1000));
    const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
    element.textContent = !left ? say("due", "已到期") : days ? say(`${days} d ${hours} h`, `${days} 天 ${hours} 小时`) : say(`${hours} h ${minutes} min`, `${hours} 小时 ${minutes} 分`);
  }), 20000);

  // The session's end is said before it comes; what was typed stays in the page.
  const session = $("#session");
  if (session) {
    let ends = Date.now() + Number(session.dataset.seconds) * 1000;
    const warning = Number(session.dataset.warning) * 1000;
    setInterval(() => {
      const left = ends - Date.now();
      // Also what was opened again while the answer to "stay" was on its way.
      if (left > warning) return session.close();
      $("#session-left").textContent = left > 0
        ? say(`${Math.ceil(left / 1000)} s left`, `剩余 ${Math.ceil(left / 1000)} 秒`)
        : say("The session has ended. Open a second tab, sign in, and send this form again.", "登录已超时。请在新标签页登录后再提交本页。");
      if (!session.open && !session.dataset.told) session.showModal();
      if (left <= 0) session.dataset.told = "ended";
    }, 1000);
    $("#session-stay").addEventListener("click", async () => {
      const answer = await fetch(session.dataset.extend, { method: "POST", headers: { "X-CSRF-Token": csrf() } });
      // A session that has ended leads to the sign-in page, which is no answer.
      if (answer.ok && !answer.redirected) ends = Date.now() + (await answer.json()).seconds * 1000;
    });
  }

  // Passkeys (WebAuthn level 3: the browser parses the options itself).
  async function post(url, body) {
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRF-Token": csrf(), "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(data.error || `${answer.status}`);
    return data;
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-passkey], [data-passkey-new]");
    if (!button) return;
    const problem = $("#passkey-error");
    problem.hidden = true;
    try {
      if (/^[\d.]+$|:/.test(location.hostname)) throw new Error(button.dataset.localhost || say("Open the console as http://localhost first.", "请先以 http://localhost 打开控制台。"));
      const options = await post(button.dataset.options);
      if (button.dataset.passkeyNew) {
        const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
        await post(button.dataset.passkeyNew, { answer: made.toJSON(), label: $("#f-label")?.value || "" });
        location.reload();
      } else {
        const found = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
        const data = await post(button.dataset.passkey, found.toJSON());
        if (button.dataset.then) document.getElementById(button.dataset.then).requestSubmit(); else location.assign(data.next);
      }
    } catch (error) { problem.textContent = error.message; problem.hidden = false; problem.focus?.(); }
  });

  // Charts: data stands in an attribute; colours follow the theme; every chart has its table beside it for who cannot see it.
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => (document.documentElement.dataset.bsTheme === "dark" ? ["#7db2f5", "#7fd8a0", "#ffd97a", "#ff9d95", "#d3b6f7", "#8fdeed"] : ["#1554a3", "#2f9e5b", "#d99500", "#c0392b", "#7a4bb5", "#1a8ba3"]);
  const axis = () => ({ axisLabel: { color: css("--c-quiet"), hideOverlap: true }, axisLine: { lineStyle: { color: css("--c-line") } }, splitLine: { lineStyle: { color: css("--c-line") } } });
  const shapes = {
    bar: (d) => ({ grid: grid(d), xAxis: { type: "category", data: d.names, ...axis(), splitLine: { show: false } }, yAxis: { type: "value", ...axis() }, series: d.series.map((s) => ({ type: "bar", name: s.name, data: s.values, stack: d.stack ? "all" : undefined, barMaxWidth: 34 })) }),
    net: (d) => ({ grid: { ...grid(d), left: 4 }, xAxis: { type: "value", splitNumber: 4, ...axis() }, yAxis: { type: "category", data: d.names, inverse: true, ...axis(), splitLine: { show: false } }, series: [{ type: "bar", data: d.values.map((value) => ({ value, itemStyle: { color: value < 0 ? palette()[3] : palette()[0] } })), barMaxWidth: 22 }] }),
    line: (d) => ({ grid: grid(d), xAxis: { type: "category", data: d.names, boundaryGap: false, ...axis() }, yAxis: { type: "value", ...axis() }, series: d.series.map((s) => ({ type: "line", name: s.name, data: s.values, smooth: true, showSymbol: false, areaStyle: { opacity: 0.12 } })) }),
    pie: (d) => ({ series: [{ type: "pie", radius: ["46%", "72%"], data: d.values, label: { color: css("--c-text"), formatter: "{b}\n{d}%" } }] }),
    sankey: (d) => ({ series: [{ type: "sankey", data: d.nodes, links: d.links, left: 10, right: 160, top: 10, bottom: 10, nodeGap: 14, label: { color: css("--c-text") }, lineStyle: { color: "gradient", opacity: 0.45 } }] }),
    graph: (d) => ({ series: [{ type: "graph", layout: "circular", data: d.nodes.map((n) => ({ ...n, symbolSize: n.size || 52, symbol: n.symbol || "circle" })), links: d.links.map((l) => ({ ...l, lineStyle: { curveness: 0.16, width: 2, type: l.dashed ? "dashed" : "solid", color: l.gone ? palette()[3] : undefined } })), edgeSymbol: ["none", "arrow"], edgeSymbolSize: 9, label: { show: true, color: css("--c-text"), position: "bottom" }, lineStyle: { color: css("--c-quiet") }, left: 70, right: 70, top: 40, bottom: 50 }] }),
  };
  const grid = (d) => ({ left: 8, right: 24, top: d.series && d.series.length > 1 ? 36 : 16, bottom: 8, containLabel: true, outerBoundsMode: "same" });
  function draw(box) {
    const data = JSON.parse(box.dataset.chart);
    const chart = globalThis.echarts.init(box, null, { renderer: "svg" });
    chart.setOption({
      color: palette(), animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, aria: { enabled: true, decal: { show: Boolean(data.decal) } },
      tooltip: { renderMode: "richText", trigger: ["pie", "sankey", "graph"].includes(data.shape) ? "item" : "axis", confine: true },
      legend: data.series && data.series.length > 1 ? { top: 0, textStyle: { color: css("--c-text") } } : undefined,
      ...shapes[data.shape](data),
    });
    // What is drawn opens what it stands for; the same links stand in the tables below, for the keyboard.
    chart.on("click", (event) => { if (event.data && event.data.href) location.assign(event.data.href); });
    new ResizeObserver(() => chart.resize()).observe(box);
  }
  if (globalThis.echarts) all("[data-chart]").forEach(draw);

  // htmx: our forms' token on every change it sends; what it brought may hold charts.
  document.addEventListener("htmx:config:request", (event) => { event.detail.ctx.request.headers["X-CSRF-Token"] = csrf(); });
  document.addEventListener("htmx:after:swap", () => { if (globalThis.echarts) all("[data-chart]").forEach((box) => { if (!globalThis.echarts.getInstanceByDom(box)) draw(box); }); });
})();
