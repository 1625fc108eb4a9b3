// A network as a list of layers, edited in place. Python owns the network: what somebody does is sent as a numbered
// change, and the list that comes back says up to which number it is done. What has not been answered is sent again
// with the next, so no change is lost and none is made twice.

export default (component, css) => mountView(component, css, createBuilder);

const createBuilder = (host) => {
  const client = Math.random().toString(36).slice(2);
  const button = (name, ...more) =>
    element("button", { type: "button", onclick: (event) => act(name, null, event.currentTarget) }, iconOf(name), ...more);
  const title = element("input", { class: "title", autocomplete: "off", spellcheck: "false", maxlength: 100 });
  const words = Object.fromEntries(["add", "save", "train"].map((name) => [name, element("span", { class: "word" })]));
  const [undo, redo] = [button("undo"), button("redo")];
  const [add, save, train] = Object.entries(words).map(([name, word]) => button(name, word));
  train.classList.add("main");
  const bar = element("div", { class: "bar" }, title, element("div", { class: "tools" }, undo, redo, add, save, train));
  const [sentence, mends] = [element("span"), element("div", { class: "mends" })];
  const status = element("div", { class: "status", role: "status" }, element("span", { class: "mark", "aria-hidden": "true" }), sentence, mends);
  const notice = element("p", { class: "notice", role: "alert" });
  const heads = element("div", { class: "row head", role: "row" });
  const body = element("div", { class: "body", role: "rowgroup" });
  const total = element("div", { class: "row total", role: "row" });
  const table = element("div", { class: "table", role: "treegrid" }, heads, body, total);
  const note = element("p", { class: "quiet link" });
  host.append(bar, status, notice, table, note);

  const rows = new Map(); // what is shown, by path
  const mistakes = new Map(); // {text, said} of what was typed, by path and field
  const typed = new Map(); // what was sent to be set, by its number
  let header, catalogue, map, component, queue = [], count = 0;
  let focused = null, open = null, lit = null, picked = null, waiting = false, anew = false;

  // To Python. `then` is the layer that is worked on afterwards.
  const send = (op) => {
    const n = (count += 1);
    if (op.op === "set" || op.op === "rename") typed.set(n, op);
    queue.push({ n, ...op, then: open });
    component.setStateValue("ops", { client, ops: [...queue] });
  };
  const go = (op, path, opens = open) => {
    [focused, open, waiting] = [path, opens, true];
    send(op);
  };

  const form = createForm({
    send: (op) => {
      waiting = false;
      send(op);
    },
    act: (...all) => act(...all),
  });
  const formRow = element("div", { class: "unfolded", role: "row" }, form.box);
  const menu = createMenu(host, {
    pick: (path, kind) => {
      mistakes.clear();
      go({ op: "add", path, kind }, path, path);
    },
  });
  const drag = createDrag(table, { slots: (path) => slotsOf(table, { items: header.items, map, rows, formRow, open }, path), drop: (path, to) => move(path, to) });

  const isBranch = (path) => map.find(path)?.branch !== undefined;
  const placeBelow = (path) => {
    if (path === null || !map.find(path)) return String(map.lengthOf(""));
    return isBranch(path) ? within(path, map.lengthOf(path)) : beside(path, 1);
  };
  const move = (path, to) => {
    if (to === null || to === path || to === beside(path, 1) || isInside(to, path)) return;
    const there = afterMove(path, to);
    go({ op: "move", path, to }, there, open === path ? there : null);
  };

  const ACTS = {
    undo: () => change("undo"),
    redo: () => change("redo"),
    save: () => send({ op: "save" }),
    train: () => send({ op: "train" }),
    add: (path, from) => menu.open(from ?? add, placeBelow(path ?? focused)),
    addHere: (path, from) => menu.open(from, placeBelow(path)),
    branch: (path) => send({ op: "branch", path }),
    removeBranch: (path) => go({ op: "unbranch", path }, ownerOf(path), null),
    up: (path) => move(path, map.moves.ArrowUp(path)),
    down: (path) => move(path, map.moves.ArrowDown(path)),
    duplicate: (path) => go({ op: "duplicate", path }, beside(path, 1), open === path ? beside(path, 1) : null),
    remove: (path) => go({ op: "remove", path }, map.afterRemoval(path), null),
    open: (path) => send({ op: "layers", path }),
  };
  const act = (name, path, from) => {
    if (!["add", "addHere", "open", "save", "train"].includes(name)) mistakes.clear(); // they belong to places that move now
    ACTS[name](path, from);
  };
  const change = (op, more = {}) => {
    anew = true;
    send({ op, ...more });
  };

  const toggle = (path, opens, enters = false) => {
    focused = path;
    const next = opens ? path : null;
    if (next !== open && (opens || open === path)) {
      open = next;
      send({ op: "choose" });
    }
    show();
    if (enters) form.focus();
    else rows.get(path)?.row.focus();
  };
  const focusRow = (path) => {
    focused = path;
    show();
    rows.get(path)?.row.focus();
  };

  // What is drawn.

  const inside = (node) => node.contains(host.getRootNode().activeElement);
  const show = () => {
    const active = host.getRootNode().activeElement;
    const caret = active?.type === "text" ? [active.selectionStart, active.selectionEnd] : null;
    const held = inside(body);
    const was = [...body.querySelectorAll(".row")].indexOf((held && active.closest(".row")) || rows.get(focused)?.row);
    const largest = Object.fromEntries(SHARED.map((column) => [column, Math.max(1, ...map.layers.map((item) => item[column] ?? 0))]));
    const context = { catalogue, largest, wrong: header.problem?.text ?? "", lit, branches: (path) => map.find(path)?.branches ?? 0 };
    const near = map.find(focused) ? focused : ((header.items[Math.max(0, was)] ?? header.items.at(-1))?.path ?? null);
    if (!waiting) focused = near;
    if (!map.layers.some(({ path }) => path === open)) open = null;
    const kept = new Set(header.items.map(({ path }) => path)); // what goes, goes first: it would push the others
    for (const [key, { row }] of rows) {
      if (kept.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
    if (open === null) formRow.remove();
    let place = body.firstChild;
    const put = (node) => {
      if (place === node) place = place.nextSibling;
      else body.insertBefore(node, place);
    };
    for (const item of header.items) {
      const key = item.path;
      if (!rows.has(key)) rows.set(key, made(item));
      const view = rows.get(key);
      view.show(item, context);
      setting(view.row, "tabindex", key === near ? 0 : -1);
      if (item.branch === undefined) setting(view.row, "aria-expanded", String(key === open));
      put(view.row);
      if (key !== open) continue;
      styling(formRow, "--depth", depthOf(key));
      form.show(item, catalogue, (field) => mistakes.get(`${key} ${field}`), anew);
      put(formRow);
    }
    body.querySelector(".empty")?.remove();
    if (!header.items.length) body.append(element("div", { class: "empty quiet" }, catalogue.texts.empty));
    if (!held || inside(body)) return;
    if (!active.isConnected) rows.get(near)?.row.focus();
    else {
      active.focus(); // it has moved with its layer
      if (caret) active.setSelectionRange(...caret);
    }
  };

  const made = (item) => {
    if (item.branch !== undefined) return createBranchRow((...all) => act(...all));
    const view = createLayerRow();
    drag.grip(view.grip, view.row, () => view.row.dataset.path);
    return view;
  };

  const showRest = () => {
    const { texts } = catalogue;
    const active = host.getRootNode().activeElement;
    const held = [undo, redo, ...mends.children].includes(active);
    if (active !== title) title.value = mistakes.get("name")?.text ?? header.name;
    [undo.disabled, redo.disabled, train.disabled] = [!header.undo, !header.redo, !header.ready];
    save.disabled = !header.items.length;
    status.classList.toggle("bad", Boolean(header.problem));
    write(sentence, header.problem?.text ?? header.fits);
    const offered = header.problem?.repairs ?? [];
    if (JSON.stringify(offered) !== mends.dataset.offered) {
      mends.dataset.offered = JSON.stringify(offered);
      mends.replaceChildren(...offered.map(({ id, text }) =>
        element("button", { type: "button", class: "mend", onclick: () => change("repair", { about: id }) }, text)));
    }
    // Who mends, or goes back, by the keyboard stays among the buttons when the one that was pressed has gone.
    if (held && (active.disabled || !active.isConnected)) [...mends.children, undo, redo].find((one) => !one.disabled)?.focus();
    write(note, header.note);
    const { layers, params, macs, bytes } = header.totals;
    const told = [layers === 1 ? texts.totalOne : texts.total.replace("{count}", exact(layers)), "", exact(params), exact(macs), bytesText(bytes), ""];
    [...total.children].forEach((cell, at) => write(cell, told[at]));
    table.dataset.version = Number(table.dataset.version ?? 0) + 1;
  };

  const learn = (next) => {
    catalogue = next;
    const { texts } = catalogue;
    menu.fill(catalogue);
    for (const [node, text] of [[undo, texts.undo], [redo, texts.redo], [title, texts.name], [table, texts.list]]) {
      node.setAttribute("aria-label", text);
      if (node !== table) node.title = text;
    }
    for (const [name, word] of Object.entries(words)) write(word, texts[name]);
    const named = (names, attributes) => names.map((name) => element("div", { class: `cell ${name}`, ...attributes(name) }, texts[name] ?? ""));
    heads.replaceChildren(...named(["layer", ...COLUMNS], (name) => ({ role: "columnheader", title: texts[`${name}Help`] })));
    total.replaceChildren(...named(["layer", ...COLUMNS], () => ({ role: "gridcell" })));
    [...total.children].forEach((cell, at) => cell.classList.toggle("number", at > 0));
  };

  const download = ({ name, text }) => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };

  const keyOf = (op) => (op.op === "rename" ? "name" : `${op.path} ${op.field}`);
  const hear = ({ done, said, client: to }) => {
    if (to !== client) return false;
    for (const [n, op] of typed) {
      if (n > done) continue;
      typed.delete(n);
      if (said[n]) mistakes.set(keyOf(op), { text: op.text ?? op.name, said: said[n] });
      else mistakes.delete(keyOf(op));
    }
    const { file } = header;
    if (queue.some(({ n }) => n === file?.n)) download(file);
    const answered = queue.filter(({ n }) => n <= done);
    queue = queue.filter(({ n }) => n > done);
    if (answered.length) write(notice, answered.map(({ n, op }) => (op === "set" ? null : said[n])).find(Boolean) ?? "");
    return answered.length > 0;
  };

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    const fresh = header === undefined;
    const optionsOf = () => JSON.stringify(header?.items.find(({ path }) => path === open)?.options);
    const before = optionsOf();
    header = next;
    if (catalogue?.id !== header.catalogue) learn({ ...JSON.parse(new TextDecoder().decode(blobs[0])), id: header.catalogue });
    map = createMap(header.items, () => queue);
    themeOf(host).lines.forEach((colour, at) => styling(host, `--c${at}`, colour));
    const mine = hear(header);
    anew ||= !mine && !queue.length && optionsOf() !== before; // the browser's Back, or another network
    const chosen = header.picked !== picked;
    if (chosen) [open, focused] = [header.chosen, header.chosen ?? focused];
    picked = header.picked;
    const arrived = waiting && !queue.length;
    if (arrived) waiting = false;
    show();
    showRest();
    if (!queue.length) anew = false;
    if (arrived) rows.get(focused)?.row.focus();
    if (chosen && !fresh) rows.get(focused)?.row.scrollIntoView({ block: "nearest" });
  };

  // What people do.

  title.addEventListener("change", () => send({ op: "rename", name: title.value }));
  title.addEventListener("keydown", (event) => event.key === "Enter" && title.blur());
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".row.layer");
    if (row && !event.target.closest("button")) toggle(row.dataset.path, row.dataset.path !== open);
  });
  body.addEventListener("focusin", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    rows.get(focused)?.row.setAttribute("tabindex", -1);
    focused = row.dataset.path;
    row.setAttribute("tabindex", 0);
    light(focused);
  });
  createKeys(host, body, formRow, {
    items: () => header.items, map: () => map, open: () => open, awaited: () => (waiting ? focused : null), act, toggle, focusRow, move, change,
  });

  // Rows and the blocks of the picture light up together.
  const light = (path, tell = true) => {
    if (path === lit) return;
    rows.get(lit)?.row.classList.remove("lit");
    lit = path;
    rows.get(lit)?.row.classList.add("lit");
    if (tell) document.dispatchEvent(new CustomEvent("nnlab:layer", { detail: { key: header.linked, path } }));
  };
  body.addEventListener("pointerover", (event) => {
    const row = event.target.closest(".row.layer");
    light(row?.dataset.path ?? (formRow.contains(event.target) ? open : null));
  });
  body.addEventListener("pointerleave", () => light(null));
  body.addEventListener("focusout", () => light(null));
  const heard = ({ detail }) => detail?.key === header?.linked && light(detail.path ?? null, false);
  const opened = ({ detail }) => detail?.key === header?.linked && act("open", detail.path);
  document.addEventListener("nnlab:layer", heard);
  document.addEventListener("nnlab:open", opened);

  const destroy = () => {
    document.removeEventListener("nnlab:layer", heard);
    document.removeEventListener("nnlab:open", opened);
    menu.destroy();
    drag.destroy();
  };
  return { update, resized: () => {}, destroy };
};
