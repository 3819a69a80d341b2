"use strict";
const part = (id) => document.getElementById(id);

async function start(key) {
  const headers = { "accept-language": document.documentElement.lang };
  if (key) headers.authorization = "Bearer " + key;
  const reply = await fetch("/openapi.json", { headers });
  part("door").hidden = reply.status !== 401;
  if (!reply.ok) return;
  const { paths } = await reply.json();
  const nodes = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, one] of Object.entries(methods)) {
      const heading = document.createElement("h2");
      heading.textContent = method.toUpperCase() + " " + path;
      const words = document.createElement("p");
      words.textContent = one.summary;
      nodes.push(heading, words);
      if (one.requestBody) {
        const body = document.createElement("pre");
        body.textContent = JSON.stringify(one.requestBody.content["application/json"].schema, null, 1);
        nodes.push(body);
      }
      const answers = document.createElement("dl");
      for (const [status, answer] of Object.entries(one.responses)) {
        const term = document.createElement("dt");
        term.textContent = status;
        const meaning = document.createElement("dd");
        meaning.textContent = answer.description;
        answers.append(term, meaning);
      }
      nodes.push(answers);
    }
  }
  part("routes").replaceChildren(...nodes);
}

part("door").addEventListener("submit", (event) => {
  event.preventDefault();
  start(part("key").value);
});
start("");
