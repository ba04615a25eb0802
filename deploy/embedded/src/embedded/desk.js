// The start page's script: logs on, keeps a short-lived access token in memory alone, and fills the tables.

const ROWS = 50;
const AGAIN = 5_000; // milliseconds
const ACTIVE = 60_000; // tells the server at most so often that somebody is here

const $ = (id) => document.getElementById(id);
const joined = (parts) => parts.filter(Boolean).join(", ");
const token = { text: "", ends: 0 };
let told = 0;

class Refused extends Error {
  constructor(status, problem) {
    super([problem.title ?? `The server answered ${status}`, problem.detail].filter(Boolean).join(". "));
    this.status = status;
    this.problem = problem;
  }
}

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { "X-Requested-With": "desk", ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const found = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

async function read(path) {
  if (Date.now() > token.ends) {
    const fresh = await ask("POST", "/v1/session/token");
    token.text = fresh.access_token;
    token.ends = Date.now() + (fresh.expires_in - 20) * 1000;
  }
  return ask("GET", path, undefined, { Authorization: `Bearer ${token.text}` });
}

function show(part, problem = "") {
  for (const id of ["logon", "change", "desk"]) $(id).hidden = id !== part;
  $("problem").textContent = problem;
  if (part !== "desk") {
    for (const body of document.querySelectorAll("tbody")) body.replaceChildren();
    token.text = "";
    token.ends = 0;
    $(part).querySelector("input").focus();
  }
}

function enter(session) {
  $("of").value = session.user_name; // for password managers
  if (session.must_change) return show("change");
  $("who").textContent = session.name;
  show("desk");
  return refresh();
}

// A cell is a text, or [text, class]; the one that names the row is `head`.
function fill(table, rows, head) {
  const made = rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(
      ...cells.map((cell, index) => {
        const [text, kind] = Array.isArray(cell) ? cell : [cell, ""];
        const element = document.createElement(index === head ? "th" : "td");
        if (index === head) element.scope = "row";
        element.className = kind;
        element.textContent = text ?? "";
        return element;
      }),
    );
    return row;
  });
  table.tBodies[0].replaceChildren(...made);
  table.caption.textContent = `The last ${rows.length}, newest first. Times are UTC.`;
  table.parentElement.hidden = rows.length === 0;
  table.parentElement.previousElementSibling.hidden = rows.length > 0;
}

const when = (time) => [time.slice(5, 16).replace("T", " "), "time"];
const GOOD = { processed: "good", updated: "good", cancelled: "good", unable: "bad" };
const STATES = { accepted: "good", refused: "bad", given_up: "bad" };

async function refresh() {
  const [mails, dispatches, deliveries, technicians] = await Promise.all([
    read(`/v1/mails?limit=${ROWS}`),
    read(`/v1/dispatches?limit=${ROWS}`),
    read(`/v1/deliveries?limit=${ROWS}`),
    read("/v1/technicians"),
  ]);
  const names = Object.fromEntries(technicians.map((each) => [each.id, each.name]));
  fill(
    $("mail-rows"),
    mails.items.map((each) => [
      when(each.received_at),
      each.subject || "(no subject)",
      [each.outcome ?? each.state, GOOD[each.outcome]],
      each.number,
      each.reason,
      [each.forward, each.forward_error].filter(Boolean).join(": "),
      each.sender,
    ]),
    1,
  );
  fill(
    $("dispatch-rows"),
    dispatches.items.map((each) => [
      each.number,
      when(each.received_at),
      each.customer_name,
      joined([each.city, each.state]),
      each.trade,
      each.status,
      names[each.technician_id],
      joined([
        each.updated_by_partner && "changed by the partner",
        each.cancelled_by_partner && "cancelled by the partner",
        each.incomplete && "incomplete",
        each.do_not_collect && "do not collect",
        each.needs_attention && "needs attention",
      ]),
    ]),
    0,
  );
  fill(
    $("delivery-rows"),
    deliveries.items.map((each) => [
      each.number,
      when(each.created_at),
      each.status,
      `${each.partner_code} ${each.partner_name}`,
      [each.state.replaceAll("_", " "), STATES[each.state]],
      String(each.attempts),
      each.answer,
    ]),
    0,
  );
  $("problem").textContent = "";
}

function failed(error) {
  if (error instanceof Refused && error.status === 401) return show("logon", $("desk").hidden ? error.message : "Your session has ended.");
  $("problem").textContent = error instanceof Refused ? error.message : "Callboard does not answer.";
}

function submits(form, send) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData($(form))].filter(([, value]) => value));
    send(fields)
      .then((session) => {
        $(form).reset();
        return enter(session);
      })
      .catch((error) => {
        if (error.problem?.code_needed) $("second").hidden = false;
        failed(error);
      });
  });
}

submits("logon", (fields) => ask("POST", "/v1/session", fields));
submits("change", (fields) => ask("POST", "/v1/session/password", fields));
$("leave").addEventListener("click", () => ask("DELETE", "/v1/session").then(() => show("logon"), failed));

for (const action of ["click", "keydown"]) {
  document.addEventListener(action, (event) => {
    if ($("desk").hidden || event.target === $("leave") || Date.now() < told + ACTIVE) return;
    told = Date.now();
    ask("POST", "/v1/session/activity").catch(failed);
  });
}

setInterval(() => {
  if (!$("desk").hidden && $("live").checked && !document.hidden) refresh().catch(failed);
}, AGAIN);

ask("GET", "/v1/session").then(enter).catch((error) => failed(error) ?? ($("problem").textContent = ""));
