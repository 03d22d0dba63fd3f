"use strict";
(() => {
  const page = document.documentElement;
  const one = (id) => document.getElementById(id);
  const table = document.querySelector("table.suspects");
  page.classList.add("js");
  if (table) suspects();
  pairTable();

  function copy(text, button) {
    const told = () => {
      const before = button.textContent;
      button.textContent = "copied";
      setTimeout(() => { button.textContent = before; }, 1200);
    };
    const byHand = () => {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      told();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(told, byHand);
    else byHand();
  }

  function name(shown) {
    return shown.title || shown.textContent;
  }

  function copier(code) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", "copy " + code.textContent.slice(0, 60));
    button.addEventListener("click", () => copy(code.textContent, button));
    code.after(" ", button);
  }
  for (const code of document.querySelectorAll(".suspects code, .hash")) copier(code);

  function suspects() {
    const body = table.tBodies[0];
    const step = matchMedia("(max-width:640px)").matches ? 8 : 20;
    const fields = ["find", "given", "suggested", "score", "detector", "people"].map(one);
    const [find, given, suggested, score, detector, people] = fields;
    const rows = [...body.rows].map((row, at) => ({
      row, at,
      given: name(row.querySelector("p .given")),
      suggested: name(row.querySelector("p .sugg")),
      id: row.querySelector("code").textContent,
      score: Number(row.dataset.score),
      not: row.dataset.not ?? "",
      agree: row.querySelector(".dots b")?.textContent ?? "",
      text: row.textContent.toLowerCase(),
      people: row.cells[row.cells.length - 1].querySelector("b")?.textContent ?? "",
    }));
    let shown = step, found = rows, focused = -1;
    for (const each of rows) each.row.tabIndex = -1;

    function keep(each) {
      const value = (field) => (field ? field.value : "");
      return (!value(find) || each.text.includes(find.value.toLowerCase()))
        && (!value(given) || each.given === given.value)
        && (!value(suggested) || each.suggested === suggested.value)
        && (!value(score) || each.score <= Number(score.value))
        && (!value(detector) || (", " + each.not + ",").includes(", " + detector.value.slice(5) + ","))
        && (!value(people) || each.people === people.value);
    }
    function draw() {
      found = rows.filter(keep);
      for (const each of rows) each.row.hidden = true;
      found.slice(0, shown).forEach((each) => { each.row.hidden = false; });
      const seen = Math.min(shown, found.length);
      const filtered = found.length < rows.length ? " that match" : "";
      one("status").textContent = `Showing ${seen} of ${found.length}${filtered} on this page.`;
      one("nothing").hidden = found.length > 0;
      one("more").hidden = one("all").hidden = seen >= found.length;
      one("more").textContent = `Show ${Math.min(step, found.length - seen)} more`;
      table.hidden = !found.length;
      focused = -1;
    }
    function fresh() { shown = step; draw(); }
    for (const field of fields) if (field) field.addEventListener("input", fresh);
    one("clear").addEventListener("click", () => {
      for (const field of fields) if (field) field.value = "";
      fresh();
    });
    one("more").addEventListener("click", () => { shown += step; draw(); });
    one("all").addEventListener("click", () => { shown = rows.length; draw(); });

    for (const head of table.tHead.querySelectorAll("[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        // Those with most behind them are what people look for first.
        const up = head.dataset.sort === "agree" ? before === "descending" : before !== "ascending";
        for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = head.dataset.sort;
        const by = (each) => (key === "given" ? each.given + "\u0000" + each.suggested : each[key]);
        rows.sort((a, b) => {
          const order = key === "rank" ? a.at - b.at : by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0;
          return (up ? order : -order) || a.at - b.at;
        });
        body.append(...rows.map((each) => each.row));
        draw();
      });
    }

    for (const pair of document.querySelectorAll("[data-pair]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pair";
      button.append(...pair.childNodes);
      pair.append(button);
      button.addEventListener("click", () => {
        for (const field of fields) if (field) field.value = "";
        given.value = pair.dataset.given;
        suggested.value = pair.dataset.suggested;
        fresh();
        one("suspects").scrollIntoView();
        one("status").focus?.();
      });
    }

    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea");
      if (event.key === "Escape" && typing) { typing.blur(); return; }
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") { event.preventDefault(); find.focus(); return; }
      const on = found.slice(0, shown);
      if (event.key === "j" || event.key === "k") {
        focused = Math.min(Math.max(focused + (event.key === "j" ? 1 : -1), 0), on.length - 1);
        on[focused]?.row.focus();
      }
      if (event.key === "c" && on[focused]) {
        copy(on[focused].id, on[focused].row.querySelector("button.copy"));
      }
    });
    addEventListener("beforeprint", () => rows.forEach((each, at) => { each.row.hidden = at > 5; }));
    addEventListener("afterprint", draw);
    draw();
  }

  function pairTable() {
    const search = one("find-pair");
    if (!search) return;
    const rows = [...one("pair-table").tBodies[0].rows];
    search.addEventListener("input", () => {
      const wanted = search.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
})();
