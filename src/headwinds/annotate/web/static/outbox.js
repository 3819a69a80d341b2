// Answers that the server does not have yet. Each lies under a key of its own in localStorage, so that two tabs cannot
// overwrite each other's, and goes only when the server says that it stands. Sent twice, the server takes it once.

const PAUSES = [500, 1000, 2000, 4000, 8000];

export function clientId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // over plain HTTP from another machine there is no randomUUID
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Outbox {
  constructor(project, annotator, told) {
    this.prefix = `headwinds/${project}/${annotator}/`;
    this.told = told; // called with (waiting, problem, reply)
    this.failures = 0;
    this.busy = false;
    this.memory = new Map(); // where the browser refuses to store, at least while the page is open
    addEventListener("online", () => this.send());
  }

  waiting() {
    const found = new Map(this.memory);
    for (let place = 0; place < localStorage.length; place += 1) {
      const key = localStorage.key(place);
      if (key.startsWith(`${this.prefix}answer/`)) found.set(key, JSON.parse(localStorage.getItem(key)));
    }
    return [...found].sort((one, other) => (one[1].made_at + one[0] < other[1].made_at + other[0] ? -1 : 1));
  }

  add(answer) {
    const key = `${this.prefix}answer/${answer.client_id}`;
    try {
      localStorage.setItem(key, JSON.stringify(answer));
    } catch {
      this.memory.set(key, answer);
    }
    this.send();
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    try {
      for (let batch = this.waiting().slice(0, 50); batch.length; batch = this.waiting().slice(0, 50)) {
        this.told(this.waiting().length, "", null);
        const reply = await this.post(batch.map(([, answer]) => answer));
        this.failures = 0;
        for (const [key, answer] of batch) {
          if (reply.stands.includes(answer.client_id) || answer.client_id in reply.refused) {
            localStorage.removeItem(key);
            this.memory.delete(key);
          }
        }
        const refused = batch.filter(([, answer]) => answer.client_id in reply.refused);
        this.told(this.waiting().length, "", { ...reply, refusedAnswers: refused.map(([, answer]) => answer) });
      }
      this.told(0, "", null);
    } catch (error) {
      const pause = Math.max(error.pause || 0, PAUSES[Math.min(this.failures, PAUSES.length - 1)]);
      this.failures += 1;
      this.told(this.waiting().length, error.message, null);
      this.timer = setTimeout(() => this.send(), pause);
    } finally {
      this.busy = false;
    }
  }

  async post(answers) {
    const response = await fetch("/api/answers", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ answers }),
      signal: AbortSignal.timeout(15000),
    });
    return understood(response);
  }
}

export async function get(path) {
  return understood(await fetch(path, { signal: AbortSignal.timeout(15000) }));
}

async function understood(response) {
  if (response.status === 401) {
    location.href = "/enter"; // what is unsent stays in the browser and goes out after entering again
    throw new Error("Enter again.");
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = new Error(content.error || `The server says ${response.status}.`);
    error.pause = 1000 * Number(response.headers.get("retry-after") || 0);
    throw error;
  }
  return content;
}
