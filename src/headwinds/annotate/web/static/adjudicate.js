// Deciding: the passages on which readers differ, one at a time, with what each of them said; nobody is named.

import { Outbox, clientId, get } from "./outbox.js";
import { choose, chosen, inWords, missing, pressed, ready, showPassage, toggleContext, toggleDefinitions } from "./form.js";

const byId = (id) => document.getElementById(id);
const { project, annotator } = document.body.dataset;
let open = [];
let decided = new Set();
let shown = null;
let since = 0;

const outbox = new Outbox(project, annotator, (waiting, problem, reply) => {
  byId("saved").classList.toggle("waiting", waiting > 0);
  byId("saved").textContent = waiting ? `${waiting} not saved yet${problem ? `: ${problem}` : ""}` : "All saved";
  if (reply && reply.refusedAnswers.length) {
    byId("refused").textContent = `The server did not take a decision: ${Object.values(reply.refused).join("; ")}`;
    byId("refused").hidden = false;
  }
});

async function fill() {
  try {
    const reply = await get("/api/disputes");
    for (const [, one] of outbox.waiting()) decided.add(one.item);
    const known = new Set(open.map((item) => item.item));
    open.push(...reply.items.filter((item) => !known.has(item.item) && !decided.has(item.item)));
    if (!shown) show();
    count();
    if (!open.length) setTimeout(fill, 5000);
  } catch {
    setTimeout(fill, 2000);
  }
}

function count() {
  byId("progress").textContent = open.length === 1 ? "1 disagreement is open" : `${open.length} disagreements are open`;
}

function show() {
  shown = open[0] || null;
  byId("card").hidden = byId("form").hidden = !shown;
  byId("done").hidden = Boolean(shown);
  count();
  if (!shown) {
    fill();
    return;
  }
  showPassage(shown);
  byId("readings").replaceChildren(...shown.readings.map(reading));
  choose(inCommon(shown.readings.filter((one) => one.kind !== "unsure").map((one) => one.answer)), true);
  byId("note").value = "";
  since = performance.now();
  label();
  scrollTo(0, 0);
  byId("text").focus({ preventScroll: true });
}

// What all readers said alike, so that the page leans to none of them.
function inCommon(answers) {
  if (!answers.length) return null;
  const [first, ...others] = answers;
  if (first.labels) return { labels: first.labels.filter((label) => others.every((one) => one.labels.includes(label))) };
  const same = Object.entries(first.grades).filter(([label, grade]) => others.every((one) => one.grades[label] === grade));
  return { grades: Object.fromEntries(same) };
}

function reading(one, place) {
  const box = Object.assign(document.createElement("section"), { className: "reading" });
  const head = Object.assign(document.createElement("h2"), { textContent: `Reader ${place + 1}` });
  const said = document.createElement("p");
  if (one.kind === "unsure") said.append(Object.assign(document.createElement("span"), { textContent: "Unsure", className: "differs" }));
  else said.append(...parts(one));
  box.append(head, said);
  if (one.note) box.append(Object.assign(document.createElement("p"), { textContent: one.note, className: "faint" }));
  if (one.kind !== "unsure") {
    const take = Object.assign(document.createElement("button"), { type: "button", textContent: "Start from this" });
    take.addEventListener("click", () => {
      choose(one.answer);
      label();
    });
    box.append(take);
  }
  return box;
}

// The words of a reading; what another reader did not say stands out.
function parts(one) {
  const words = inWords(one.answer).split(", ");
  const others = shown.readings.filter((other) => other !== one && other.kind !== "unsure").map((other) => inWords(other.answer).split(", "));
  return words.flatMap((word, place) => {
    const differs = others.some((other) => !other.includes(word));
    const part = Object.assign(document.createElement("span"), { textContent: word, className: differs ? "differs" : "" });
    return place ? [", ", part] : [part];
  });
}

function label() {
  byId("save").disabled = !ready();
  byId("what").textContent = missing() || `Decide: ${inWords(chosen())}`;
}

function decide() {
  if (!shown || !ready()) return;
  const seconds = Math.min(86400, Math.round((performance.now() - since) / 100) / 10);
  const note = byId("note").value.trim();
  outbox.add({ client_id: clientId(), item: shown.item, kind: "adjudicate", answer: chosen(), note, seconds, made_at: new Date().toISOString() });
  decided.add(shown.item);
  open.shift();
  show();
}

function later() {
  if (open.length > 1) open.push(open.shift());
  show();
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  decide();
});
byId("form").addEventListener("change", label);
byId("later").addEventListener("click", later);
byId("context").addEventListener("click", () => shown && toggleContext(shown, get).catch(() => {}));
byId("definitions").addEventListener("click", () => toggleDefinitions());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const writing = event.target.id === "note";
  if (writing && event.key === "Escape") byId("text").focus();
  if (writing && event.key !== "Enter") return;
  if (event.key === "Enter" && !event.target.closest("button, summary, a")) {
    if (!event.repeat) decide();
  } else if (event.key === "ArrowRight" && event.target.type !== "radio") later();
  else if (event.key === "c") byId("context").click();
  else if (event.key === "d") toggleDefinitions();
  else if (event.key === "n") byId("note").focus();
  else if (!shown || !pressed(event.key)) return;
  event.preventDefault();
});

toggleDefinitions(false);
outbox.send();
fill();
