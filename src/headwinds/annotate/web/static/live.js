// The page of agreement, new every ten seconds while it is looked at; where the reader is on it stays as it is.

const SECONDS = 10;

async function renew() {
  if (document.hidden) return;
  try {
    const response = await fetch("/agreement", { signal: AbortSignal.timeout(20000) });
    if (!response.ok || response.redirected) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("live");
    const old = document.getElementById("live");
    if (!fresh || fresh.innerHTML === old.innerHTML) return;
    const offsets = [...old.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    old.replaceChildren(...fresh.childNodes);
    [...old.querySelectorAll(".scroll")].forEach((part, place) => { part.scrollLeft = offsets[place] || 0; });
  } catch {
    // The server is away; what is shown stays.
  }
}

setInterval(renew, 1000 * SECONDS);
