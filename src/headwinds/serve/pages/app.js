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
  const headers = key ? { authorization: "Bearer " + key } : {};
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
  part("work").hidden = false;
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
  const card = shown.card;
  const facts = [
    ["version", shown.number + " (" + shown.version.slice(0, 12) + ")"],
    ["task", card.task + " by " + card.method],
    ["labels", card.labels.join(", ") || "none"],
    ["checkpoint", card.checkpoint],
    ["fitted to", card.training_examples.toLocaleString("en") + " examples, data " + card.data_digest.slice(0, 12)],
    ["tested on", card.tested_examples ? card.tested_examples.toLocaleString("en") + " examples" : "nothing"],
    ["licence", card.licence || "not stated"],
    ["limits", card.limits || "not stated"],
    ...card.findings.map((one) => [one.code, one.sentence + " " + one.remedy]),
  ];
  part("card").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  const rows = Object.entries(card.metrics).map(([name, [value, lower, upper]]) => {
    const row = make("tr");
    const number = (one) => (one === null ? "not available" : one.toFixed(3));
    const between = lower === null || upper === null ? "not available" : number(lower) + " to " + number(upper);
    row.append(make("td", name.replaceAll("_", " ")), make("td", number(value)), make("td", between));
    return row;
  });
  part("metrics").hidden = !rows.length;
  part("metrics").tBodies[0].replaceChildren(...rows);
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
  const row = {};
  for (const column of shown.columns) {
    const text = part("column-" + column.name).value;
    if (text) row[column.name] = value(text);
  }
  const path = "/v1/models/" + encodeURIComponent(shown.name) + "/predict";
  const found = (await ask(path, { rows: [row] })).predictions[0];
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
}

part("model").addEventListener("change", () => safely(choose));
part("try").addEventListener("submit", (event) => {
  event.preventDefault();
  safely(predict);
});
part("door").addEventListener("submit", (event) => {
  event.preventDefault();
  key = part("key").value;
  safely(start);
});
safely(start);
