"use strict";
(() => {
  const rows = [...document.querySelectorAll(".episodes details")];
  let parsed;
  // The data is parsed when the first transcript is opened, so that the page itself opens at once.
  const data = () => (parsed ??= JSON.parse(document.getElementById("transcripts").textContent));

  // Everything that agents or the simulator wrote goes in as text, never as markup.
  const element = (name, className, ...content) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    node.append(...content);
    return node;
  };

  const long = (text) => text.length > 220 || text.split("\n").length > 4;

  const observation = (text) => {
    const node = element("div", "observation", text || "(no answer)");
    if (!long(text)) return node;
    node.classList.add("cut");
    const more = element("button", "more", "more");
    more.type = "button";
    more.addEventListener("click", () => {
      more.textContent = node.classList.toggle("cut") ? "more" : "less";
    });
    return element("div", "", node, more);
  };

  const change = (before, after) => {
    if (after === before) return "";
    const sign = after > before ? "+" : "";
    return element("span", after > before ? "gain" : "loss", `${sign}${after - before} → ${after}`);
  };

  const same = (record, a, b) =>
    record.actions[a] === record.actions[b] &&
    record.observations[a] === record.observations[b] &&
    record.subgoals[a] === record.subgoals[b] &&
    record.scores[a] === record.scores[b] &&
    record.last_resort.includes(a) === record.last_resort.includes(b) &&
    String(record.rejected[a]) === String(record.rejected[b]);

  const step = (record, first, last, texts) => {
    const before = first ? record.scores[first - 1] : 0;
    const line = element("div", "action", element("code", "", texts[record.actions[first]]));
    if (last > first) line.append(element("span", "times", `${last - first + 1} times`));
    line.append(change(before, record.scores[first]));
    const body = element("div", "", line);
    const refused = record.rejected[first] || [];
    if (refused.length) {
      const list = refused.flatMap((text, i) => [i ? ", " : "", element("s", "", texts[text])]);
      body.append(element("div", "refused", "rejected: ", ...list));
    }
    if (record.last_resort.includes(first)) {
      body.append(element("div", "refused", "chosen by the harness: no candidate would do"));
    }
    body.append(observation(texts[record.observations[first]] || ""));
    const number = last > first ? `${first + 1}–${last + 1}` : `${first + 1}`;
    return element("li", "", element("span", "number", number), body);
  };

  const transcript = (record, name, run, head) => {
    const texts = data().texts;
    const title = element("h4", `run${run % 8}`, element("i", "swatch"), `${name} `, head);
    const facts = `${record.actions.length} actions, ${record.moves} moves, ${record.seconds} s; ended by ${record.stop}`;
    const node = element("div", "transcript", title, element("p", "dim", facts));
    const list = element("ol", "");
    let subgoal = "";
    for (let first = 0, last; first < record.actions.length; first = last + 1) {
      last = first;
      while (last + 1 < record.actions.length && same(record, first, last + 1)) last += 1;
      const now = texts[record.subgoals[first]] || "";
      if (now && now !== subgoal) {
        list.append(element("li", "subgoal", element("span", "number", "sub-goal"), element("code", "", now)));
      }
      subgoal = now;
      list.append(step(record, first, last, texts));
    }
    node.append(list);
    if (record.error) node.append(element("p", "bad", `Failed: ${record.error}`));
    return node;
  };

  const fill = (row) => {
    if (row.querySelector(".transcripts")) return;
    const cells = [...row.querySelectorAll(".cell")];
    const panel = element("div", "transcripts");
    data().episodes[row.id].forEach((record, run) => {
      if (!record) return;
      const head = element("span", "cell");
      for (const child of cells[run].querySelectorAll("b, .chip")) head.append(child.cloneNode(true), " ");
      panel.append(transcript(record, data().runs[run], run, head));
    });
    row.append(panel);
  };

  for (const row of rows) row.addEventListener("toggle", () => row.open && fill(row));

  const form = document.querySelector(".filters");
  const filter = () => {
    const task = form.elements.task.value;
    const outcome = form.elements.outcome.value;
    const run = form.elements.run ? form.elements.run.value : "";
    let shown = 0;
    for (const row of rows) {
      const all = row.dataset.outcomes.split(",");
      const own = run === "" ? all : [all[Number(run)]];
      const fits = (!task || row.dataset.task === task) && (!outcome || own.includes(outcome));
      row.hidden = !fits;
      shown += fits;
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length}`;
  };
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const link of document.querySelectorAll("a[data-task]")) {
    link.addEventListener("click", () => {
      form.elements.task.value = link.dataset.task;
      filter();
    });
  }
  filter();

  // A link such as report.html#boil-14-0 opens that episode.
  const follow = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row && row.matches("details")) {
      row.open = true;
      row.scrollIntoView();
    }
  };
  addEventListener("hashchange", follow);
  follow();
})();
