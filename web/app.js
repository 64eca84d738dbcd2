// What the pages do by themselves: clocks that tick, the theme, an agent's own
// buttons, and saying so when the live stream is lost.
"use strict";

const body = document.body;
const skew = Number(body.dataset.now) - Date.now();

function clockSpan(millis) {
  const whole = Math.max(0, Math.floor(millis / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function tick() {
  const now = Date.now() + skew;
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = clockSpan(now - Number(element.dataset.since));
  }
  const zone = document.querySelector("[data-clock]");
  if (zone) {
    zone.textContent = new Date(now).toLocaleTimeString(document.documentElement.lang, { hour12: false });
  }
}

function themed(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

themed(localStorage.getItem("theme"));
tick();
setInterval(tick, 1000);

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-theme-switch]")) {
    const shown = document.documentElement.dataset.theme;
    const dark = shown ? shown === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    localStorage.setItem("theme", dark ? "light" : "dark");
    themed(dark ? "light" : "dark");
  }
  const button = event.target.closest("[data-request], [data-call-request]");
  if (button) {
    const { callRequest, reason } = button.dataset;
    const request = callRequest ?? button.dataset.request;
    const agent = encodeURIComponent(button.closest("[data-agent]").dataset.agent);
    button.disabled = true;
    const answer = await fetch(`/api/agents/${agent}/${callRequest ? "call" : "state"}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": body.dataset.csrf },
      body: JSON.stringify(reason ? { request, reason } : { request }),
    }).catch(() => null);
    button.disabled = false;
    stale(!answer || answer.status >= 500);
  }
});

function stale(isStale) {
  const notice = document.querySelector("[data-stale]");
  if (notice) notice.hidden = !isStale;
}

document.addEventListener("htmx:sse:after:message", () => { stale(false); tick(); });
document.addEventListener("htmx:sse:after:connection", () => stale(false));
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt > 0) stale(true);
});
document.addEventListener("htmx:sse:error", (event) => {
  stale(true);
  if (event.detail.status === 401) location.assign("/sign-in");
});
