// The live table: jobs come over /ws/jobs/, what the user does goes to REST. Without a connection it tries again.

const KEEP_FINISHED = 200;
const LONGEST_WAIT = 10_000;
const ORDER = ["processing", "analyzing", "queued", "pending", "failed", "cancelled", "completed"];
const FINISHED = new Set(["completed", "failed", "cancelled"]);

const $ = (id) => document.getElementById(id);
const jobs = new Map();
const rows = new Map();
let paused = false;
let wait = 500;
let drawing = false;

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/jobs/`);
  socket.onopen = () => {
    wait = 500;
    connection("open", "connected");
  };
  socket.onmessage = (event) => {
    receive(JSON.parse(event.data));
    draw();
  };
  socket.onclose = (event) => {
    connection("waiting", `${event.reason || "no connection"}; trying again`);
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

function receive(message) {
  switch (message.type) {
    case "jobs_list":
      jobs.clear();
      for (const job of message.jobs) jobs.set(job.id, job);
      paused = message.paused;
      break;
    case "job_update":
      jobs.set(message.job.id, message.job);
      break;
    case "job_removed":
      jobs.delete(message.job_id);
      break;
    case "queue":
      paused = message.paused;
      break;
    case "error":
      notice(message.message);
  }
}

function connection(state, text) {
  $("connection").dataset.state = state;
  $("connection").textContent = text;
  $("queue").disabled = state !== "open";
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

async function act(address) {
  notice("");
  try {
    const response = await fetch(address, { method: "POST" });
    if (!response.ok) notice((await response.json()).message);
  } catch {
    notice("The daemon does not answer.");
  }
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawAll();
  });
}

function drawAll() {
  const shown = [...jobs.values()].sort(compare);
  for (const job of shown.filter((job) => FINISHED.has(job.status)).slice(KEEP_FINISHED)) jobs.delete(job.id);
  for (const [id, { element }] of rows) {
    if (!jobs.has(id)) {
      element.remove();
      rows.delete(id);
    }
  }
  let place = $("jobs").firstElementChild;
  for (const job of shown.filter((job) => jobs.has(job.id))) {
    const element = row(job);
    if (element === place) place = place.nextElementSibling;
    else $("jobs").insertBefore(element, place);
  }
  const counts = ORDER.map((status) => [shown.filter((job) => job.status === status).length, status]);
  $("summary").textContent = counts.filter(([count]) => count).map((pair) => pair.join("\u00a0")).join(" · ");
  $("queue").textContent = paused ? "Resume queue" : "Pause queue";
  $("empty").hidden = jobs.size > 0;
}

function compare(one, other) {
  const finished = FINISHED.has(one.status);
  if (finished !== FINISHED.has(other.status)) return finished ? 1 : -1;
  if (finished) return (other.finished_at ?? "").localeCompare(one.finished_at ?? "");
  return ORDER.indexOf(one.status) - ORDER.indexOf(other.status) || other.priority - one.priority ||
    one.created_at.localeCompare(other.created_at);
}

function row(job) {
  const known = rows.get(job.id);
  if (known?.job === job) return known.element;
  const element = known?.element ?? $("row").content.firstElementChild.cloneNode(true);
  rows.set(job.id, { element, job });
  const cell = (name) => element.querySelector(`.${name}`);
  element.dataset.status = job.status;
  cell("film").textContent = job.filename;
  cell("film").title = job.path;
  const detail = document.createElement("small");
  detail.textContent = [job.paused && "paused", job.stage].filter(Boolean).join(", ");
  cell("status").replaceChildren(job.skipped ? "plays already" : job.status, detail);
  const working = job.status === "processing";
  cell("percent").firstElementChild.hidden = !working;
  cell("percent").firstElementChild.value = job.progress;
  cell("percent").firstElementChild.setAttribute("aria-label", `progress of ${job.filename}`);
  cell("percent").lastElementChild.textContent = working ? `${job.progress.toFixed(1)} %` : "";
  cell("speed").textContent = job.speed ?? "";
  cell("eta").textContent = job.eta_seconds === null ? "" : duration(job.eta_seconds);
  cell("remark").textContent = job.message ?? job.reason ?? (job.output_filename ? `→\u00a0${job.output_filename}` : "");
  offer(cell("actions").firstElementChild, job);
  return element;
}

function offer(button, job) {
  const verb = !FINISHED.has(job.status) ? "cancel" : job.status === "completed" ? null : "retry";
  button.hidden = verb === null;
  button.textContent = verb === "cancel" ? "Cancel" : "Retry";
  button.setAttribute("aria-label", `${button.textContent} ${job.filename}`);
  button.onclick = () => act(`/api/jobs/${job.id}/${verb}/`);
}

function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

$("queue").onclick = () => act(`/api/queue/${paused ? "resume" : "pause"}/`);
connect();
