// Reading: one passage at a time. The next ones are here before they are needed, so that a server that is away for a while
// is not noticed; answers wait in the outbox.

import { Outbox, clientId, get } from "./outbox.js";
import { choose, chosen, inWords, kind, pressed, ready, showPassage, toggleContext, toggleDefinitions } from "./form.js";

const byId = (id) => document.getElementById(id);
const { project, annotator } = document.body.dataset;
const draftKey = `headwinds/${project}/${annotator}/draft`;
const AHEAD = 10;

let queue = []; // passages to come
let past = []; // passages that were answered, the oldest first, each with `given`
let place = null; // in `past`, while looking back; null at the front of the queue
let answered = new Set(); // numbers of passages that were answered here
let shown = null;
let since = 0;
let filling = false;

const outbox = new Outbox(project, annotator, (waiting, problem, reply) => {
  const saved = byId("saved");
  saved.classList.toggle("waiting", waiting > 0);
  saved.textContent = waiting ? `${waiting} not saved yet${problem ? `: ${reason(problem)}` : ""}` : "All saved";
  if (reply) {
    progress(reply.progress);
    refusals(reply);
  }
});

function reason(problem) {
  return /fetch|network|timed out|abort/i.test(problem) ? "the server is away, they wait in this browser" : problem;
}

function refusals(reply) {
  if (!reply.refusedAnswers.length) return;
  const words = reply.refusedAnswers.map((one) => `${inWords(one.answer)}: ${reply.refused[one.client_id]}`);
  byId("refused").textContent = `The server did not take an answer. ${words.join(" ")}`;
  byId("refused").hidden = false;
}

function progress(counts) {
  const bar = byId("bar");
  bar.max = Math.max(1, counts.passages);
  bar.value = counts.complete;
  const format = new Intl.NumberFormat("en");
  byId("progress").textContent =
    `You have read ${format.format(counts.mine)}; ${format.format(counts.complete)} of ${format.format(counts.passages)} passages are done`;
}

async function fill() {
  if (filling) return;
  filling = true;
  try {
    const reply = await get(`/api/queue?count=${AHEAD + Math.min(outbox.waiting().length, 40)}`);
    const known = new Set(queue.map((item) => item.item));
    for (const item of reply.items) if (!known.has(item.item) && !answered.has(item.item)) queue.push(item);
    progress(reply.progress);
    if (!shown) show();
    if (!queue.length) setTimeout(fill, 5000);
  } catch {
    setTimeout(fill, 1500);
  } finally {
    filling = false;
  }
}

function show() {
  const item = place === null ? queue[0] : past[place];
  shown = item || null;
  byId("card").hidden = byId("form").hidden = !item;
  byId("done").hidden = Boolean(item);
  byId("back").disabled = place === null ? !past.length : place === 0;
  if (!item) return;
  showPassage(item);
  const draft = JSON.parse(localStorage.getItem(draftKey) || "null");
  const given = item.given || (draft && draft.item === item.item ? draft : null);
  choose(given && given.answer);
  byId("note").value = (given && given.note) || "";
  since = performance.now();
  label();
  scrollTo(0, 0);
  byId("text").focus({ preventScroll: true });
}

function label() {
  const again = place !== null;
  byId("save").disabled = !ready();
  byId("what").textContent = ready() ? `${again ? "Change to" : "Save"}: ${inWords(chosen())}` : "Choose one label";
}

function answer(sort) {
  if (!shown || (sort === "label" && !ready())) return;
  const given = { kind: sort, answer: sort === "unsure" ? {} : chosen(), note: byId("note").value.trim() };
  const seconds = Math.min(86400, Math.round((performance.now() - since) / 100) / 10);
  outbox.add({ client_id: clientId(), item: shown.item, ...given, seconds, made_at: new Date().toISOString() });
  localStorage.removeItem(draftKey);
  if (place === null) {
    answered.add(shown.item);
    past.push({ ...queue.shift(), given });
  } else {
    past[place] = { ...past[place], given };
    place = place + 1 < past.length ? place + 1 : null;
  }
  shown = null;
  show();
  if (queue.length < AHEAD / 2) fill();
}

function move(step) {
  if (step < 0 && place === null && past.length) place = past.length - 1;
  else if (step < 0 && place > 0) place -= 1;
  else if (step > 0 && place !== null) place = place + 1 < past.length ? place + 1 : null;
  else return;
  show();
}

function context() {
  if (shown) toggleContext(shown, get).catch(() => { byId("saved").textContent = "The context is not to be had while the server is away"; });
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  answer("label");
});
byId("form").addEventListener("change", () => {
  label();
  keepDraft();
});
byId("note").addEventListener("input", keepDraft);
byId("unsure").addEventListener("click", () => answer("unsure"));
byId("back").addEventListener("click", () => move(-1));
byId("context").addEventListener("click", context);
byId("definitions").addEventListener("click", () => toggleDefinitions());

function keepDraft() {
  if (!shown || place !== null) return;
  try {
    localStorage.setItem(draftKey, JSON.stringify({ item: shown.item, answer: chosen(), note: byId("note").value }));
  } catch {
    // A draft is a courtesy.
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const writing = event.target.id === "note";
  if (writing && event.key === "Escape") byId("text").focus();
  if (writing && event.key !== "Enter") return;
  const onButton = event.target.closest("button, summary, a");
  if (event.key === "Enter" && !onButton) {
    if (!event.repeat) answer("label"); // a key held down answers one passage, not ten
  } else if (event.key === "ArrowLeft" && event.target.type !== "radio") move(-1);
  else if (event.key === "ArrowRight" && event.target.type !== "radio") move(1);
  else if (event.key === "c") context();
  else if (event.key === "u" && !event.repeat) answer("unsure");
  else if (event.key === "d") toggleDefinitions();
  else if (event.key === "n") byId("note").focus();
  else if (!shown || !pressed(event.key)) return;
  event.preventDefault();
});

async function start() {
  toggleDefinitions(false);
  for (const [, one] of outbox.waiting()) answered.add(one.item);
  outbox.send();
  fill();
  try {
    const reply = await get("/api/mine?count=50");
    const earlier = reply.items.reverse().filter((item) => !past.some((one) => one.item === item.item));
    past = [...earlier, ...past];
    if (place !== null) place += earlier.length;
    byId("back").disabled = place === null ? !past.length : place === 0;
  } catch {
    // Looking back can wait.
  }
}

start();
