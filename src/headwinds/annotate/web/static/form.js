// The labels on the page: what is chosen, shown, and set by keys; and the passage with its context.

const byId = (id) => document.getElementById(id);
export const kind = document.body.dataset.kind;
const inputs = [...document.querySelectorAll('#labels input[name="label"]')];
const rows = [...document.querySelectorAll("#labels .graded")];
let active = 0;
byId("stuck").remove();

export function chosen() {
  if (kind === "graded") {
    const grades = {};
    for (const row of rows) {
      const input = row.querySelector("input:checked");
      if (input) grades[row.dataset.label] = Number(input.value);
    }
    return { grades };
  }
  return { labels: inputs.filter((input) => input.checked).map((input) => input.value) };
}

// A grade that the answer does not have is 0; where `open`, it is left to be chosen.
export function choose(answer, open = false) {
  for (const input of inputs) input.checked = Boolean(answer && answer.labels && answer.labels.includes(input.value));
  for (const row of rows) {
    const grade = (answer && answer.grades && answer.grades[row.dataset.label]) ?? (open ? null : 0);
    for (const input of row.querySelectorAll("input")) input.checked = Number(input.value) === grade && grade !== null;
  }
  activate(Math.max(0, rows.findIndex((row) => !row.querySelector("input:checked"))));
}

export function ready() {
  return !missing();
}

// What is still to be chosen, in words; nothing where the answer is whole.
export function missing() {
  if (kind === "multi-class" && !inputs.some((input) => input.checked)) return "Choose one label";
  const row = rows.find((one) => !one.querySelector("input:checked"));
  return row ? `Choose a grade for ${row.dataset.label}` : "";
}

export function inWords(answer) {
  if (answer.grades) {
    const given = Object.entries(answer.grades).filter(([, grade]) => grade > 0);
    return given.length ? given.map(([label, grade]) => `${label} ${grade}`).join(", ") : "all 0";
  }
  return answer.labels && answer.labels.length ? answer.labels.join(", ") : "none applies";
}

function activate(place) {
  if (!rows.length) return;
  active = Math.max(0, Math.min(rows.length - 1, place));
  rows.forEach((row, number) => row.classList.toggle("active", number === active));
  rows[active].scrollIntoView({ block: "nearest" });
}

// Whether a key was one of the form's.
export function pressed(key) {
  if (kind === "graded") {
    if (key === "ArrowUp" || key === "ArrowDown") {
      activate(active + (key === "ArrowDown" ? 1 : -1));
      return true;
    }
    const input = /^[0-9]$/.test(key) && rows[active].querySelector(`input[value="${key}"]`);
    if (!input) return false;
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    activate(active + 1);
    return true;
  }
  if (key === "0" && kind === "multi-label") {
    choose(null);
    byId("labels").dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }
  const wanted = inputs.find((input) => input.closest("label").querySelector("kbd").textContent === key && key);
  if (!wanted) return false;
  wanted.checked = kind === "multi-class" ? true : !wanted.checked;
  wanted.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

export function showPassage(item) {
  const text = byId("text");
  text.textContent = item.text;
  text.lang = item.language;
  text.dataset.item = item.item;
  for (const id of ["before", "after", "facts"]) byId(id).hidden = true;
  byId("context").setAttribute("aria-expanded", "false");
}

export async function toggleContext(item, get) {
  const button = byId("context");
  if (button.getAttribute("aria-expanded") === "true") {
    for (const id of ["before", "after", "facts"]) byId(id).hidden = true;
    button.setAttribute("aria-expanded", "false");
    return;
  }
  const found = await get(`/api/context?item=${item.item}`);
  if (byId("text").dataset.item !== String(item.item)) return; // the reader has gone on meanwhile
  for (const side of ["before", "after"]) {
    const parts = found[side].map((one) => Object.assign(document.createElement("p"), { textContent: one.text, lang: one.language }));
    if (!parts.length) {
      const words = side === "before" ? "No earlier passage of this document is in the corpus." : "No later passage of this document is in the corpus.";
      parts.push(Object.assign(document.createElement("p"), { textContent: words, className: "faint" }));
    }
    byId(side).replaceChildren(...parts);
    byId(side).hidden = false;
  }
  if (found.gaps) {
    const words = "The corpus is a sample: of the document, other passages may lie between these.";
    byId("after").append(Object.assign(document.createElement("p"), { textContent: words, className: "faint" }));
  }
  const facts = found.facts.flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: value }),
  ]);
  byId("facts").replaceChildren(...facts);
  byId("facts").hidden = false;
  button.setAttribute("aria-expanded", "true");
}

// Definitions are shown or hidden on this browser until asked otherwise.
export function toggleDefinitions(keep = true) {
  const narrow = matchMedia("(max-width: 40rem)").matches ? "1" : "0";
  const brief = keep ? !document.body.classList.contains("brief") : (localStorage.getItem("headwinds/brief") ?? narrow) === "1";
  document.body.classList.toggle("brief", brief);
  byId("definitions").setAttribute("aria-pressed", String(!brief));
  if (keep) localStorage.setItem("headwinds/brief", brief ? "1" : "0");
}
