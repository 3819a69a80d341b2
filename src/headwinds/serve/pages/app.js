"use strict";
// Everything from the server is put in as text, never as markup.
const part = (id) => document.getElementById(id);
let key = "";
let shown = null;

function make(kind, text) {
  const node = document.createElement(kind);
  if (text !== undefined) node.textContent = text;
  return node;
}

function problem(words) {
  part("problem").textContent = words;
  part("problem").hidden = !words;
}

async function ask(path, body) {
  const headers = { "accept-language": document.documentElement.lang };
  if (key) headers.authorization = "Bearer " + key;
  if (body) headers["content-type"] = "application/json";
  const reply = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  if (reply.status === 401) {
    part("door").hidden = false;
    part("work").hidden = true;
    throw new Error(key ? "That is not the key." : "");
  }
  const content = await reply.json();
  if (!reply.ok) throw new Error(content.error);
  return content;
}

async function safely(work) {
  problem("");
  try {
    await work();
  } catch (error) {
    problem(error.message);
  }
}

async function start() {
  const { models } = await ask("/v1/models");
  part("door").hidden = true;
  part("work").hidden = !models.length;
  if (!models.length) {
    problem("No model is served here. What is, stands under “For programs”.");
    return;
  }
  part("model").replaceChildren(...models.map((one) => make("option", one.name)));
  await choose();
}

async function choose() {
  shown = await ask("/v1/models/" + encodeURIComponent(part("model").value));
  part("columns").replaceChildren(...shown.columns.map((column) => {
    const row = make("p");
    const label = make("label", column.name + ": " + column.meaning + (column.needed ? "" : " (may be empty)"));
    const field = make("textarea");
    field.id = "column-" + column.name;
    field.required = column.needed;
    label.htmlFor = field.id;
    row.append(label, field);
    return row;
  }));
  part("answer").replaceChildren();
  part("why").hidden = true;
  part("label").replaceChildren(...shown.card.labels.map((label) => make("option", label)));
  links();
  const card = shown.card;
  const facts = [
    ["version", shown.number + " (" + shown.version.slice(0, 12) + ")"],
    ["task", shown.names[card.task] + " by " + card.method],
    ["labels", card.labels.join(", ") || "none"],
    ["checkpoint", card.checkpoint],
    ["fitted to", card.training_examples.toLocaleString("en") + " examples, data " + card.data_digest.slice(0, 12)],
    ["tested on", card.tested_examples ? card.tested_examples.toLocaleString("en") + " examples" : "nothing"],
    ["time and energy", shown.costs.join(" ") || "nothing was fitted here"],
    ["licence", card.licence || "not stated"],
    ["limits", card.limits || "not stated"],
    ...card.findings.map((one) => [one.code, one.sentence + " " + one.remedy]),
  ];
  part("card").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  const rows = Object.entries(card.metrics).map(([name, [value, lower, upper]]) => {
    const row = make("tr");
    const number = (one) => (one === null ? "not available" : one.toFixed(3));
    const between = lower === null || upper === null ? "not available" : number(lower) + " to " + number(upper);
    row.append(make("td", shown.names[name]), make("td", number(value)), make("td", between));
    return row;
  });
  part("metrics").hidden = !rows.length;
  part("metrics").tBodies[0].replaceChildren(...rows);
}

function links() {
  const words = (name) => (name === "report.html" ? "Report" : name.replace(/\.csv$/, "").replaceAll("-", " ") + " (CSV)");
  part("run").hidden = !shown.run.length;
  part("run").replaceChildren("Used in: ", ...shown.run.flatMap((name) => {
    const link = make("a", words(name));
    link.href = "/v1/models/" + encodeURIComponent(shown.name) + "/run/" + encodeURIComponent(name);
    link.addEventListener("click", (event) => {
      if (!key) return; // a link cannot carry the key: the file is fetched with it and saved
      event.preventDefault();
      safely(async () => {
        const reply = await fetch(link.href, { headers: { authorization: "Bearer " + key } });
        if (!reply.ok) throw new Error("It is not there.");
        const saved = make("a");
        saved.href = URL.createObjectURL(await reply.blob());
        saved.download = name;
        saved.click();
        URL.revokeObjectURL(saved.href);
      });
    });
    return [link, " "];
  }));
}

function row() {
  const found = {};
  for (const column of shown.columns) {
    const text = part("column-" + column.name).value;
    if (text) found[column.name] = value(text);
  }
  return found;
}

async function explain() {
  const path = "/v1/models/" + encodeURIComponent(shown.name) + "/explain";
  const found = await ask(path, { row: row(), label: part("label").value });
  const largest = Math.max(...found.pieces.map((one) => Math.abs(one.contribution)), 1e-9);
  const text = make("p");
  text.className = "pieces";
  for (const one of found.pieces) {
    const strength = Math.round((4 * Math.abs(one.contribution)) / largest);
    const piece = make("span", one.text);
    if (strength) piece.className = (one.contribution > 0 ? "for" : "against") + strength;
    piece.title = (one.contribution > 0 ? "+" : "") + one.contribution.toFixed(2);
    text.append(piece);
  }
  const ranked = [...found.pieces].sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution)).slice(0, 6).filter((one) => one.contribution);
  const list = make("ol");
  list.append(...ranked.map((one) => {
    return make("li", (one.contribution > 0 ? "+" : "") + one.contribution.toFixed(2) + ": " + one.text.trim());
  }));
  const whole = (100 * found.probability).toFixed(1) + "%";
  const words = "What " + found.label + " (" + whole + ") owes to each piece: how much its log-odds fall when the piece is left out. ";
  const key_ = make("p", words);
  for (const [name, said] of [["for4", "speaks for it"], ["against4", "speaks against it"]]) {
    const sample = make("span", said);
    sample.className = name;
    key_.append(sample, " ");
  }
  part("explanation").replaceChildren(key_, text, list);
}

function value(text) {
  const trimmed = text.trim();
  if (!trimmed.startsWith("[") && !trimmed.startsWith("{")) return text;
  try {
    return JSON.parse(trimmed);
  } catch {
    return text;
  }
}

async function predict() {
  const path = "/v1/models/" + encodeURIComponent(shown.name) + "/predict";
  const found = (await ask(path, { rows: [row()] })).predictions[0];
  const given = new Set(found.labels || (found.label === undefined ? [] : [found.label]));
  const parts = [];
  if (found.probabilities && found.probabilities.length === shown.card.labels.length) {
    shown.card.labels.forEach((label, place) => {
      const bar = make("div");
      bar.className = given.has(label) ? "bar given" : "bar";
      const length = make("progress");
      length.max = 1;
      length.value = found.probabilities[place];
      bar.append(make("span", label), length, make("span", (100 * found.probabilities[place]).toFixed(1) + "%"));
      parts.push(bar);
    });
    parts.push(make("p", given.size ? "Given: " + [...given].join(", ") : "No label is given."));
  } else {
    parts.push(make("pre", JSON.stringify(found, null, 1)));
  }
  part("answer").replaceChildren(...parts);
  part("why").hidden = !shown.explains;
  part("explanation").replaceChildren();
  if (found.probabilities) part("label").value = shown.card.labels[found.probabilities.indexOf(Math.max(...found.probabilities))];
}

part("model").addEventListener("change", () => safely(choose));
part("try").addEventListener("submit", (event) => {
  event.preventDefault();
  safely(predict);
});
part("explain").addEventListener("click", () => safely(explain));
part("door").addEventListener("submit", (event) => {
  event.preventDefault();
  key = part("key").value;
  safely(start);
});
safely(start);
