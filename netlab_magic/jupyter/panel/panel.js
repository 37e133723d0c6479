// The panel's page: shows what the kernel tells through the model's traits, and sends back what is pressed.
// It decides nothing: a switch shows what the lab has, never what was wished for.

const HERE_MS = 30_000;
const PLAY_MS = 1500;
const PROTOCOLS = [["icmp", "ping"], ["tcp", "tcp"], ["udp", "udp"]];

let count = 0;
const views = new Map(); // every view on this page -> its panel, and how to close it
const focused = new Map(); // panel -> the control that has, or had, the focus, and since when it has it no more

function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  // JupyterLab would take arrows and letters for its own as soon as one of these has the focus.
  if (["input", "button", "select", "summary"].includes(tag) || "tabindex" in properties) made.setAttribute("data-lm-suppress-shortcuts", "true");
  made.append(...children.filter((child) => child !== null));
  return made;
}

function filled(text, ...values) {
  return values.reduce((words, value) => words.replace("{}", value), text);
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function chooser(view) {
  const { model, words } = view;
  const asked = (name) => ({ program: ["program"], table: ["program", "table"], chain: ["program", "table", "chain"] })[name];
  const selects = Object.fromEntries(["program", "table", "chain"].map((name) => [name, h("select", {
    id: `${view.id}-${name}`, "data-key": name,
    onchange: () => view.press({ do: "choose", ...Object.fromEntries(asked(name).map((each) => [each, selects[each].value])) }),
  })]));
  const offered = ({ programs = [], tables = [], chains = [] }) => ({
    program: programs.map((value) => [value, value]),
    table: tables.map((value) => [value, value]),
    chain: chains.map(({ name, size }) => [name, size ? filled(words.sized, name, size.toLocaleString()) : name]),
  });
  const about = h("p", { class: "nl-quiet" });
  const owner = h("p", { class: "nl-owner" });
  const shown = {};
  const show = () => {
    const choice = model.get("choice");
    for (const [name, options] of Object.entries(offered(choice))) {
      const now = JSON.stringify(options);
      if (shown[name] !== now) selects[name].replaceChildren(...options.map(([value, label]) => h("option", { value }, label)));
      shown[name] = now;
      if (view.settled() && choice[name] !== undefined) selects[name].value = choice[name];
    }
    setText(about, choice.about ?? "");
    setText(owner, choice.owner ?? "");
    owner.hidden = !choice.owner;
  };
  view.follow(["choice", "status", "done"], show);
  return h("div", { role: "group", "aria-label": words.chosen },
    h("div", { class: "nl-bar nl-chooser" }, ...Object.entries(selects).map(([name, select]) => h("span", {}, h("label", { for: select.id }, words[name]), " ", select))),
    about, owner);
}

function policySwitch(view, { program, table }, { name: chain, choices, off }) {
  const chosen = chain === view.place().chain;
  const { words } = view;
  const inputs = {};
  const choice = ({ policy, mark, words: meaning, off: refused }) => {
    inputs[policy] = h("input", {
      type: "radio", name: `${view.id}-${chain}`, value: policy, disabled: refused, "data-key": `${chain}-${policy}`,
      onchange: () => view.press({ do: "policy", program, table, chain, policy }),
    });
    return h("label", { class: `nl-${policy.toLowerCase()}`, title: refused ? off : meaning }, inputs[policy], ` ${mark} ${policy}`);
  };
  const packets = h("span", { class: "nl-count" });
  const box = h("fieldset", { disabled: Boolean(off) && choices.every(({ off: refused }) => refused) }, h("legend", {}, filled(words.policy, chain)),
    ...choices.map(choice), packets, off && chosen ? h("span", { class: "nl-quiet nl-why" }, off) : null);
  return { box, inputs, packets };
}

function policies(view) {
  const { model, words } = view;
  const box = h("div", { class: "nl-policies" });
  let groups = {}; // by the chain's name
  const build = () => {
    const switches = model.get("switches");
    groups = Object.fromEntries((switches.chains ?? []).map((held) => [held.name, policySwitch(view, switches, held)]));
    view.keepingFocus(() => box.replaceChildren(...Object.values(groups).map((group) => group.box)));
    show();
  };
  const show = () => {
    for (const [chain, policy] of view.settled() ? Object.entries(model.get("policies")) : [])
      for (const [value, input] of Object.entries(groups[chain]?.inputs ?? {})) input.checked = value === policy;
    for (const [chain, packets] of Object.entries(model.get("counters").policies ?? {}))
      if (groups[chain]) setText(groups[chain].packets, packets === null ? "" : filled(words.packets, packets.toLocaleString()));
  };
  view.follow(["switches"], build);
  view.follow(["policies", "counters", "status", "done"], show);
  return box;
}

// A button that shows another chain.
function showChain(view, place, text) {
  const label = filled(view.words.go, place.chain);
  return h("button", { type: "button", class: "nl-go", "aria-label": label, title: label, onclick: () => view.press({ do: "choose", ...place }) }, text);
}

function ruleRow(view, rule, place) {
  const { words, send } = view;
  const move = (to) => { view.wish(`${rule.key}`); send({ do: "move", key: rule.key, to }); };
  const id = `${view.id}-rule-${place}`;
  const said = rule.locked ? `${rule.said} ${rule.locked}` : rule.said;
  const tick = h("input", {
    type: "checkbox", id, "data-key": rule.key, title: said, "aria-description": said, disabled: Boolean(rule.locked),
    onchange: (event) => view.press({ do: "rule", key: rule.key, on: event.target.checked }),
    onkeydown: (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!event.altKey || !by) return;
      event.preventDefault();
      move(place + by);
    },
  });
  tick.checked = rule.on;
  const name = rule.number || rule.spec;
  const button = (mark, label, to) => h("button", {
    type: "button", class: "nl-move", "aria-label": filled(label, name), title: rule.locked || filled(label, name), "data-key": `${rule.key}${mark}`,
    disabled: Boolean(rule.locked),
    onclick: () => { view.wish(`${rule.key}${mark}`); send({ do: "move", key: rule.key, to }); },
  }, mark);
  const count = h("span", { class: "nl-count" });
  const row = h("li", { class: rule.on ? "nl-rule" : "nl-rule nl-out", draggable: rule.locked ? "false" : "true" },
    h("span", { class: "nl-grip", "aria-hidden": "true" }, "⠿"), tick,
    h("div", { class: "nl-text" },
      h("label", { for: id, title: said }, h("span", { class: "nl-number" }, `${rule.number || "–"} `), h("code", {}, rule.spec),
        rule.on ? null : h("em", {}, ` (${words.out})`)),
      ...rule.leads_to.map((chain) => showChain(view, { ...view.place(), chain }, `→ ${chain}`))),
    count, button("↑", words.up, place - 1), button("↓", words.down, place + 1));
  row.addEventListener("dragstart", (event) => { view.dragged = rule.key; event.dataTransfer.setData("text/plain", rule.spec); });
  row.addEventListener("dragover", (event) => { if (view.dragged) event.preventDefault(); });
  row.addEventListener("drop", (event) => {
    event.preventDefault();
    if (view.dragged && view.dragged !== rule.key) send({ do: "move", key: view.dragged, to: place });
    view.dragged = null;
  });
  return { row, tick, count };
}

function rules(view) {
  const { model, words, send } = view;
  const title = h("h4", {});
  const list = h("ol", { class: "nl-rules" });
  const empty = h("p", { class: "nl-quiet" });
  const more = h("p", { class: "nl-quiet" });
  const help = h("p", { class: "nl-quiet" }, words.rules_help);
  let rows = {}; // by the rule's key
  const showRules = () => {
    const listed = model.get("rules");
    rows = Object.fromEntries(listed.map((rule, place) => [rule.key, ruleRow(view, rule, place)]));
    view.keepingFocus(() => list.replaceChildren(...listed.map((rule) => rows[rule.key].row)));
    empty.hidden = listed.length > 0;
    help.hidden = listed.every((rule) => rule.locked);
    more.textContent = model.get("more") ? `… +${model.get("more")}` : "";
    showCounts();
  };
  const showCounts = () => {
    const counted = model.get("counters").rules ?? {};
    for (const [key, { count }] of Object.entries(rows)) {
      const packets = counted[key] ?? null;
      setText(count, packets === null ? "" : filled(words.packets, packets.toLocaleString()));
      count.title = counted[key] === null ? words.uncounted : "";
    }
  };
  // The rule at which the packet is that is stepped through.
  const showStep = () => {
    const { at, rules: [first, last] = [] } = model.get("packet_path")?.steps[model.get("step") - 1] ?? {};
    const here = at && Object.entries(view.place()).every(([name, value]) => at[name] === value);
    for (const rule of model.get("rules"))
      rows[rule.key]?.row.classList.toggle("nl-here", Boolean(here && rule.number && first <= rule.number && rule.number <= last));
  };
  view.follow(["rules", "more"], showRules);
  view.follow(["rules", "step", "packet_path", "choice"], showStep);
  view.follow(["choice"], () => {
    const { chain = "", empty: said = "" } = model.get("choice");
    setText(title, filled(words.rules, chain));
    box.setAttribute("aria-label", title.textContent);
    setText(empty, said);
  });
  view.follow(["counters"], showCounts);
  view.follow(["status", "done"], () => {
    if (view.settled()) for (const rule of model.get("rules")) if (rows[rule.key]) rows[rule.key].tick.checked = rule.on;
  });
  const box = h("section", {}, title, list, empty, more, help,
    h("div", { class: "nl-bar" }, h("button", { type: "button", "data-key": "undo", title: words.undo_help, onclick: () => send({ do: "undo" }) }, words.undo)));
  return box;
}

function strip(past, marks) {
  return h("span", { class: "nl-strip", "aria-hidden": "true" },
    ...[...past].map((mark) => h("span", { class: marks[mark]?.class ?? "" }, marks[mark]?.strip ?? mark)));
}

function pairs(view) {
  const { model, words, send } = view;
  const tables = h("div", { class: "nl-tables" });
  const bySource = h("ul");
  const marks = model.get("marks");
  const strips = h("div", { class: "nl-strips" });
  const watch = h("button", { type: "button", "aria-pressed": "false", title: words.watch_help, "data-key": "watch",
    onclick: () => send({ do: "watch", on: watch.getAttribute("aria-pressed") !== "true" }) }, words.watch);
  let shape = "";
  const build = ({ sources, targets, version }, named) => h("table", { class: targets.length > 10 ? "nl-pairs nl-dense" : "nl-pairs", "data-version": version },
    named ? h("caption", {}, version) : null,
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.from_to), ...targets.map((target) => h("th", { scope: "col" }, target)))),
    h("tbody", {}, ...sources.map((source) => h("tr", {}, h("th", { scope: "row" }, source),
      ...targets.map((target) => h("td", { "data-pair": `${source}>${target}` }, "·"))))));
  const show = () => {
    const { tables: found, by_source: lines } = model.get("pairs");
    if (!found) return;
    const asked = JSON.stringify(found.map(({ version, sources, targets }) => [version, sources, targets]));
    if (asked !== shape) tables.replaceChildren(...found.map((each) => build(each, found.length > 1 || each.version !== "IPv4")));
    shape = asked;
    found.forEach(({ cells }, place) => {
      for (const cell of tables.children[place].querySelectorAll("td")) {
        const { mark, words: said } = cells[cell.dataset.pair] ?? { mark: "·", words: "" };
        setText(cell, mark);
        cell.className = marks[mark]?.class ?? "";
        if (said) { cell.title = said; cell.setAttribute("aria-label", said); }
      }
    });
    bySource.hidden = !lines.length;
    bySource.replaceChildren(...lines.map((line) => h("li", { class: "nl-bad" }, line)));
  };
  view.follow(["pairs"], show);
  view.follow(["strips"], () => strips.replaceChildren(...model.get("strips").map(({ pair, past, words: said }) =>
    h("div", { role: "img", "aria-label": said }, h("span", { class: "nl-pair" }, pair), strip(past, marks)))));
  view.follow(["status"], () => {
    watch.setAttribute("aria-pressed", String(Boolean(model.get("status").watching)));
    strips.title = words.history;
  });
  return h("section", { "aria-label": words.pairs }, h("h4", {}, words.pairs), h("div", { class: "nl-scroll", tabindex: 0, "aria-label": words.pairs, role: "group" }, tables, bySource), strips,
    h("div", { class: "nl-bar" },
      h("button", { type: "button", "data-key": "again", onclick: () => send({ do: "again" }) }, words.again), watch));
}

const chosen = new Map(); // panel -> what its form was set to, for the next view of it

function form(view) {
  const { model, words, send } = view;
  const source = h("select", { "data-key": "source" });
  const destination = h("select", { "data-key": "destination" });
  const protocol = h("select", { "data-key": "protocol", onchange: () => { port.disabled = protocol.value === "icmp"; } },
    ...PROTOCOLS.map(([value, name]) => h("option", { value }, name)));
  const version = h("select", { "data-key": "version" });
  const port = h("input", { type: "number", min: 1, max: 65535, value: 80, disabled: true, "data-key": "port" });
  const offer = (select, endpoints, usual) => {
    const wanted = endpoints.includes(select.value) ? select.value : usual;
    select.replaceChildren(...endpoints.map((endpoint) => h("option", { value: endpoint }, endpoint)));
    if (wanted) select.value = wanted;
  };
  view.follow(["endpoints"], () => {
    const endpoints = model.get("endpoints");
    offer(source, endpoints, endpoints[1] ?? endpoints[0]);
    offer(destination, endpoints, endpoints[0]);
  });
  const controls = { source, destination, protocol, port, version };
  const values = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
  view.shown.push(() => Object.entries(chosen.get(model.get("name")) ?? {}).forEach(([name, value]) => { controls[name].value = value; }));
  view.shown.push(() => { port.disabled = protocol.value === "icmp"; });
  const labelled = (text, control) => {
    control.id = `${view.id}-${control.dataset.key}`;
    return h("span", {}, h("label", { for: control.id }, text), " ", control);
  };
  const over = labelled(words.version, version);
  view.follow(["versions"], () => {
    offer(version, model.get("versions"), model.get("versions")[0]);
    over.hidden = model.get("versions").length < 2;
  });
  return h("form", { class: "nl-bar", onchange: () => chosen.set(model.get("name"), values()), onsubmit: (event) => {
    event.preventDefault();
    send({ do: "send", ...values() });
  } }, labelled(words.source, source), labelled(words.destination, destination), labelled(words.protocol, protocol),
  labelled(words.port, port), over, h("button", { type: "submit", "data-key": "send" }, words.send));
}

function stepper(view) {
  const { model, words, send } = view;
  const title = h("p", { class: "nl-measured" });
  const note = h("p", { class: "nl-quiet" });
  const said = h("span", { "aria-live": "polite" });
  const where = h("span");
  const list = h("ol", { class: "nl-steps", "aria-label": words.steps });
  const remedies = h("ul", { class: "nl-remedies" });
  const offer = h("details", {}, h("summary", { "data-key": "remedies" }, words.remedies), remedies);
  let timer = null;
  const last = () => model.get("packet_path")?.steps.length ?? 0;
  const go = (to) => send({ do: "step", to });
  const stop = () => { clearInterval(timer); timer = null; play.setAttribute("aria-pressed", "false"); setText(play, `▶ ${words.play}`); };
  const button = (mark, label, to) => h("button", { type: "button", "aria-label": label, title: label, "data-key": `step${mark}`,
    onclick: () => { stop(); go(to()); } }, mark);
  const play = h("button", { type: "button", "aria-pressed": "false", "data-key": "play", onclick: () => {
    if (timer) { stop(); return; }
    go(model.get("step") >= last() ? 1 : model.get("step") + 1);
    play.setAttribute("aria-pressed", "true");
    setText(play, `‖ ${words.pause}`);
    timer = setInterval(() => (model.get("step") < last() ? go(model.get("step") + 1) : stop()), PLAY_MS);
  } }, `▶ ${words.play}`);
  const box = h("div", { class: "nl-stepper", hidden: true }, title, note,
    h("div", { class: "nl-bar" }, button("|◀", words.first, () => 1), button("◀", words.back, () => model.get("step") - 1),
      button("▶", words.forward, () => model.get("step") + 1), button("▶|", words.last, last), play,
      h("button", { type: "button", "data-key": "close", onclick: () => { stop(); send({ do: "close" }); } }, words.close)),
    h("p", { class: "nl-said" }, said, " ", where), list, h("p", { class: "nl-quiet" }, words.legend), offer);
  view.follow(["packet_path"], () => {
    const path = model.get("packet_path");
    box.hidden = !path;
    if (!path) { stop(); return; }
    title.textContent = `${path.question} – ${path.measured}`;
    title.className = path.answered ? "nl-measured nl-ok" : "nl-measured nl-bad";
    note.textContent = path.note;
    offer.hidden = !path.remedies.length;
    remedies.replaceChildren(...path.remedies.map(({ words: said, lines }) => h("li", {}, `${said} `, h("code", {}, lines.replaceAll("\n", "; ")), " ",
      h("button", { type: "button", "aria-label": `${words.do_it}: ${said}`, "data-key": `remedy ${lines}`, onclick: () => send({ do: "remedy", lines }) }, words.do_it))));
    list.replaceChildren(...path.steps.map((step, place) => h("li", {}, h("button", {
      type: "button", tabindex: -1, title: step.words, class: step.fatal ? "nl-fatal" : step.matched ? "" : "nl-passed", onclick: () => { stop(); go(place + 1); },
    }, h("b", {}, step.badge), ` ${step.site}`))));
    showStep();
  });
  const showStep = () => {
    const path = model.get("packet_path");
    if (!path) return;
    const at = model.get("step");
    const step = path.steps[at - 1];
    const known = step?.at && JSON.stringify(step.at) !== JSON.stringify(view.place());
    where.replaceChildren(...(known ? [showChain(view, step.at, `→ ${step.at.chain}`)] : []));
    setText(said, step ? `${filled(words.step, at, path.steps.length)} · ${step.site}: ${step.words}` : "");
    [...list.children].forEach((item, place) => {
      if (place === at - 1) {
        item.setAttribute("aria-current", "step");
        list.scrollTop = item.offsetTop - list.clientHeight / 2;
      } else item.removeAttribute("aria-current");
    });
  };
  view.follow(["step", "choice"], showStep);
  view.onClose(stop);
  return h("section", { "aria-label": words.probe }, h("h4", {}, words.probe), form(view), box);
}

function picture(view, name) {
  const { model, words } = view;
  const figure = h("div", { class: "nl-picture" });
  view.follow([name], () => {
    const drawn = model.get(name);
    if (drawn.svg) figure.innerHTML = drawn.svg; // made by this package, everything foreign in it escaped
    else figure.replaceChildren(h("pre", {}, drawn.text ?? ""));
    figure.dataset.painted = String(performance.now());
  });
  return h("section", { "aria-label": words[name] }, h("h4", {}, words[name]), figure);
}

function commands(view) {
  const { model, words, send } = view;
  const text = h("pre", { class: "nl-commands", tabindex: 0 });
  const copied = h("span", { role: "status" });
  const copy = async () => {
    try { await navigator.clipboard.writeText(text.textContent); setText(copied, words.copied); }
    catch { getSelection().selectAllChildren(text); }
  };
  const box = h("details", { open: true }, h("summary", {}, words.commands), text,
    h("div", { class: "nl-bar" }, h("button", { type: "button", "data-key": "copy", onclick: copy }, words.copy),
      h("button", { type: "button", "data-key": "clear", onclick: () => send({ do: "clear" }) }, words.clear), copied));
  view.follow(["commands"], () => {
    const lines = model.get("commands");
    box.hidden = !lines.length;
    setText(copied, "");
    setText(text, ["%%netlab", ...lines].join("\n"));
    text.scrollTop = text.scrollHeight;
  });
  return box;
}

function status(view) {
  const { model, words, send } = view;
  const line = h("pre", { class: "nl-status", role: "status", "aria-live": "polite" });
  const start = h("button", { type: "button", "data-key": "start", onclick: () => send({ do: "start" }) }, words.start);
  const ended = h("p", { class: "nl-banner", role: "alert", hidden: true }, words.no_kernel);
  view.disconnected = (gone) => { ended.hidden = !gone; view.root.classList.toggle("nl-dead", gone || model.get("status").alive === false); };
  view.follow(["status"], () => {
    const now = model.get("status");
    view.disconnected(false);
    setText(line, now.text ?? "");
    line.classList.toggle("nl-bad", Boolean(now.bad));
    line.classList.toggle("nl-busy", Boolean(now.busy));
    start.hidden = now.alive !== false;
  });
  return h("div", {}, ended, line, start);
}

function render({ model, el }) {
  const id = `nl${++count}-${Math.random().toString(36).slice(2, 8)}`;
  const words = model.get("labels");
  const root = h("section", { class: "netlab-panel", "aria-label": words.panel });
  const closers = [];
  let wished = null;
  const view = {
    model, words, id, root,
    asked: 0,
    send: (message) => model.send({ ...message, view: id, ask: ++view.asked }),
    // Until what was pressed last is done, switches stay as they were pressed.
    settled: () => view.pressed <= (model.get("done")[id] ?? 0),
    press: (message) => { view.send(message); view.pressed = view.asked; },
    pressed: 0,
    follow: (names, show) => {
      for (const name of names) {
        model.on(`change:${name}`, show);
        closers.push(() => model.off(`change:${name}`, show));
      }
      view.shown.push(show);
    },
    onClose: (close) => closers.push(close),
    wish: (key) => { wished = key; },
    keepingFocus: (change) => {
      const key = wished ?? (root.contains(document.activeElement) ? document.activeElement.dataset.key : null);
      wished = null;
      change();
      if (key) root.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
    },
    shown: [],
    place: () => { const { program, table, chain } = model.get("choice"); return { program, table, chain }; },
  };
  root.append(chooser(view), policies(view), status(view),
    h("div", { class: "nl-views" },
      h("div", { class: "nl-side" }, rules(view), pairs(view)),
      stepper(view),
      h("div", { class: "nl-side nl-pictures" }, picture(view, "topology"), picture(view, "chains"))),
    commands(view));
  view.shown.forEach((show) => show());
  el.append(root);

  const name = model.get("name");
  const here = () => view.send({ do: "here" });
  const beat = setInterval(here, HERE_MS);
  const gone = () => view.disconnected(true);
  const close = () => {
    clearInterval(beat);
    model.off("comm_live_update", gone);
    model.off("comm:close", gone);
    closers.forEach((closer) => closer());
    views.delete(view);
    try { view.send({ do: "gone" }); } catch { /* the kernel is gone too */ }
  };
  here();
  model.on("comm_live_update", gone);
  model.on("comm:close", gone);
  root.addEventListener("focusin", ({ target }) => { if (target.dataset.key) focused.set(name, { key: target.dataset.key, until: Infinity }); });
  root.addEventListener("focusout", () => { const held = focused.get(name); if (held) held.until = performance.now(); });
  replaced(view, name, close);
  return close;
}

// The page makes a new view whenever what the notebook keeps is brought up to date, without a word to the one before: that one is
// closed here, and the focus stays where it was.
function replaced(view, name, close) {
  const before = focused.get(name);
  const again = before && performance.now() - before.until < 1000 ? before.key : null;
  views.set(view, { name, close });
  const settle = (patience) => {
    if (!view.root.isConnected) { if (patience) requestAnimationFrame(() => settle(patience - 1)); return; }
    if (again && [document.body, null].includes(document.activeElement))
      view.root.querySelector(`[data-key="${CSS.escape(again)}"]`)?.focus({ preventScroll: true });
    for (const [other, held] of [...views]) if (held.name === name && !other.root.isConnected) held.close();
  };
  settle(120);
}

export default { render };
