// A graph of operations: laid out in Python (graph_layout.py), walked through step by step here. All numbers come
// as text that says exactly which float they are.

export default (component, css) => mountView(component, css, createGraph);

const GRAPH_PACE = 1100; // milliseconds between two steps while it plays
const GRAPH_SMALLEST = 0.72; // of its size, where letters can still be read
const GRAPH_LINE = 15; // the height of a line of values

const svgOf = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

// A smooth line through points, level at each of them.
const bentPath = (points) =>
  points.slice(1).reduce((text, [x, y], at) => {
    const [fromX, fromY] = points[at];
    const middle = (fromX + x) / 2;
    return `${text}C${middle} ${fromY} ${middle} ${y} ${x} ${y}`;
  }, `M${points[0].join(" ")}`);

const createGraph = (host) => {
  const svg = svgOf("svg", { tabindex: 0, role: "img" });
  const scroller = element("div", { class: "scroller" }, svg);
  const button = (act, text) => element("button", { type: "button", onclick: act }, text);
  const first = button(() => go(0), "|◂");
  const back = button(() => go(at - 1), "◂");
  const play = button(() => setPlaying(!playing));
  const onward = button(() => go(at + 1), "▸");
  const last = button(() => go(header.steps.length), "▸|");
  const slider = element("input", { type: "range", min: 0, oninput: () => go(Number(slider.value)) });
  const where = element("span", { class: "where number" });
  const smaller = button(() => zoomTo(zoom / 1.25), "−");
  const larger = button(() => zoomTo(zoom * 1.25), "+");
  const tools = element("div", { class: "tools" }, first, back, play, onward, last, slider, where, element("span", { class: "zoom" }, smaller, larger));
  const told = element("div", { class: "told", "aria-live": "polite" });
  const twin = element("table");
  const summary = element("summary");
  const table = element("details", { ontoggle: () => drawTable() }, summary, element("div", { class: "scroller" }, twin));
  host.append(scroller, tools, told, table);

  let header, component, boxes = [], edges = [], at = 0, pointed = null, playing = false, timer, telling, zoom = null, chosenZoom = null;

  const text = (name, values = {}) =>
    (header.texts[name] ?? "").replace(/\{(\w+)\}/g, (all, field) => values[field] ?? all);
  const current = () => header.steps[at - 1] ?? null;

  // The picture itself, made anew for another graph.

  const makeBox = (node, index) => {
    const [x, y, width, height] = node.box;
    const lines = (count, kind, from) =>
      Array.from({ length: count }, (_, line) => svgOf("text", { class: kind, x: x + width / 2, y: from + GRAPH_LINE * line }));
    const title = svgOf("text", { class: "title", x: x + width / 2, y: y + 16 });
    title.textContent = node.title;
    const made = svgOf("text", { class: "made", x: x + width / 2, y: y + 29 });
    made.textContent = node.made;
    const values = lines(node.value.length, "value", y + 46);
    node.value.forEach((line, number) => (values[number].textContent = line));
    const grads = lines(node.gradLines, "grad", y + 46 + GRAPH_LINE * node.value.length);
    const frame = svgOf("rect", { x, y, width, height, rx: node.leaf ? 14 : 5 });
    const group = svgOf("g", { class: `box ${node.leaf ? "leaf" : "made-one"}${node.needs ? "" : " constant"}` }, frame, title, made, ...values, ...grads);
    group.addEventListener("pointerenter", () => point(index));
    group.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && point(null));
    group.addEventListener("click", () => point(index));
    return { group, values, grads };
  };
  const makeEdge = (edge) => {
    const points = edge.path;
    const line = svgOf("path", { class: "line", d: bentPath(points) });
    const [x, y] = points.at(-1);
    const tip = svgOf("path", { class: "tip", d: `M${x} ${y}l-7 -4v8z` });
    const [fromX, fromY] = points[0];
    const backTip = svgOf("path", { class: "back-tip", d: `M${fromX} ${fromY}l8 -4.5v9z` });
    const label = svgOf("text", { class: "on-edge", x: edge.label[0], y: edge.label[1] - 5 });
    const group = svgOf("g", { class: `edge${edge.cut ? " cut" : ""}` }, line, tip, backTip);
    return { group, label };
  };
  const make = () => {
    boxes = header.nodes.map(makeBox);
    edges = header.edges.map(makeEdge);
    svg.replaceChildren(...edges.map(({ group }) => group), ...boxes.map(({ group }) => group), ...edges.map(({ label }) => label));
    svg.setAttribute("viewBox", `0 0 ${header.width} ${header.height}`);
    slider.max = header.steps.length;
    told.classList.toggle("sums", header.steps.some(({ before }) => before));
  };

  // What the steps up to now have made of it.

  const draw = () => {
    const done = header.steps.slice(0, at);
    const now = current();
    const ran = new Set(done.filter(({ kind }) => kind === "forward").map(({ node }) => node));
    const grads = new Map();
    const passed = new Map();
    for (const step of done) {
      if (step.kind !== "forward") grads.set(step.node, step);
      if (step.kind === "back") passed.set(step.edge, step.onEdge);
    }
    header.nodes.forEach((node, index) => {
      const { group, values, grads: lines } = boxes[index];
      const known = node.leaf || ran.has(index);
      values.forEach((line) => line.classList.toggle("unknown", !known));
      const reached = grads.get(index);
      const pad = (grad) => (grad.length < lines.length ? [...grad, ...Array(lines.length - grad.length).fill("")] : grad);
      pad(reached?.grad ?? []).forEach((written, number) => {
        if (lines[number]) lines[number].textContent = number || !written ? written : `grad ${written}${reached.last ? "" : " + …"}`;
      });
      group.classList.toggle("now", now?.node === index);
      group.classList.toggle("going-back", now?.node === index && now.kind !== "forward");
      group.classList.toggle("waiting", !known);
      group.classList.toggle("pointed", pointed === index);
    });
    header.edges.forEach((edge, index) => {
      const { group, label } = edges[index];
      const lit = now?.kind === "back" ? now.edge === index : now?.kind === "forward" && edge.to === now.node;
      group.classList.toggle("now", Boolean(lit));
      group.classList.toggle("going-back", now?.kind === "back" && now.edge === index);
      group.classList.toggle("passed", passed.has(index));
      label.textContent = passed.get(index) ?? "";
      label.classList.toggle("now", now?.kind === "back" && now.edge === index);
    });
    slider.value = at;
    const of = (kinds) => header.steps.filter(({ kind }) => kinds.includes(kind)).length;
    const forwards = of(["forward"]);
    where.textContent = !at
      ? text("start")
      : at <= forwards
        ? text("forward", { at, count: forwards })
        : text("backward", { at: at - forwards, count: header.steps.length - forwards });
    slider.setAttribute("aria-valuetext", where.textContent);
    [first, back].forEach((one) => (one.disabled = !at));
    [onward, last].forEach((one) => (one.disabled = at === header.steps.length));
    tell();
  };

  // Numbers of a tensor in rows.
  const grid = (tensor, name, kind = "") => {
    const shape = tensor.shape.length ? tensor.shape.join("×") : "1";
    const rows = tensor.rows?.map((row) => element("tr", {}, ...row.map((value) => element("td", {}, value))));
    const body = rows
      ? element("table", { class: "numbers number" }, element("tbody", {}, ...rows))
      : element("span", { class: "quiet" }, text("tooMany", { shape }));
    return element("figure", { class: kind }, body, element("figcaption", {}, name));
  };
  const sign = (written) => element("span", { class: "sign" }, written);
  const line = (written, kind = "") => element("p", { class: kind }, written);

  const tellBack = (step) => {
    const bracketed = (name) => (/^\w+$/.test(name) ? name : `(${name})`);
    const names = { of: bracketed(step.of), by: bracketed(step.by) };
    const local = step.local && grid(step.local, text("local", names));
    const incoming = grid(step.incoming, text("incoming", { of: step.of }), "gradient");
    const outgoing = grid(step.outgoing, text("outgoing", { by: step.by }), "gradient strong");
    const product = {
      each: [local, sign("×"), incoming, sign("="), outgoing],
      matrix: [incoming, sign("@"), local, sign("="), outgoing],
      large: [incoming, sign("→"), outgoing],
    }[step.form];
    const rule = step.rule ? [element("span", { class: "rule number" }, step.rule.includes("grad") ? step.rule : `∂ = ${step.rule}`)] : [];
    const notes = [...(step.form === "large" ? [text("large")] : []), ...(step.summed ? [text("summed", { by: step.by })] : [])];
    const found = [
      element("p", {}, element("b", {}, `${step.of} → ${step.by}`), ...rule),
      element("div", { class: "product" }, ...product.filter(Boolean)),
      ...notes.map((note) => line(note, "quiet")),
    ];
    if (step.before) {
      const sum = [grid(step.before, ""), sign("+"), grid(step.added, ""), sign("="), grid(step.after, step.last ? text("complete") : text("more"), "strong")];
      found.push(line(text("adds", { by: step.by })), element("div", { class: "product gradient" }, ...sum));
    }
    return found;
  };
  const tellNode = (index) => {
    const node = header.nodes[index];
    const reached = header.steps.slice(0, at).findLast((step) => step.kind !== "forward" && step.node === index);
    const known = node.leaf || header.steps.slice(0, at).some((step) => step.kind === "forward" && step.node === index);
    const gradient = reached
      ? grid(reached.after, `${text("gradient")}${reached.last ? "" : ` (${text("more")})`}`, "gradient")
      : element("span", { class: "quiet" }, text("none"));
    const parts = [known ? grid(node.full, text("value")) : element("span", { class: "quiet" }, "…"), gradient];
    return [element("p", {}, element("b", {}, node.title), element("span", { class: "rule number" }, node.made)), element("div", { class: "product" }, ...parts)];
  };
  const tell = () => {
    const step = current();
    const found =
      pointed !== null ? tellNode(pointed)
      : !step ? [line(text("given"))]
      : step.kind === "forward" ? [element("p", {}, text("ran", { name: step.label }), ...(step.made ? [element("span", { class: "rule number" }, step.made)] : [])), element("div", { class: "product" }, grid(step.after, text("value")))]
      : step.kind === "seed" ? [line(text("seed", { name: step.label })), element("div", { class: "product" }, grid(step.after, text("gradient"), "gradient"))]
      : tellBack(step);
    told.replaceChildren(...found);
  };

  const drawTable = () => {
    if (!table.open) return;
    const flat = (tensor) => (tensor?.rows ? `[${tensor.rows.map((row) => (tensor.rows.length > 1 ? `[${row.join(", ")}]` : row.join(", "))).join(", ")}]` : tensor ? tensor.shape.join("×") : "");
    const head = element("tr", {}, ...text("columns").split("|").map((name) => element("th", { scope: "col" }, name)));
    const rows = header.steps.map((step, number) => {
      const cells = step.kind === "back" ? [step.of, step.by, flat(step.local), flat(step.incoming), flat(step.outgoing), flat(step.after)] : ["", step.label, "", "", "", flat(step.after)];
      return element("tr", { class: number + 1 === at ? "now" : "" }, element("th", { scope: "row" }, String(number + 1)), ...cells.map((cell) => element("td", { class: "number" }, cell)));
    });
    twin.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  };

  // What people do.

  const go = (to, tell = true) => {
    at = Math.max(0, Math.min(header.steps.length, to));
    pointed = null;
    draw();
    drawTable();
    follow();
    if (!tell || playing) return;
    clearTimeout(telling);
    telling = setTimeout(() => component.setStateValue("at", at === header.steps.length ? -1 : at), 200);
  };
  const point = (index) => {
    if (pointed === index) return;
    pointed = index;
    draw();
  };
  // The box that the step is about comes into view inside its own frame.
  const follow = () => {
    const step = current();
    if (!step) return;
    const [x, , width] = header.nodes[step.node].box.map((value) => value * zoom);
    const { scrollLeft, clientWidth } = scroller;
    if (x < scrollLeft + 8) scroller.scrollLeft = x - 40;
    else if (x + width > scrollLeft + clientWidth - 8) scroller.scrollLeft = x + width - clientWidth + 40;
  };
  const tick = () => {
    if (!playing || !host.isConnected) return;
    if (at >= header.steps.length) return setPlaying(false);
    go(at + 1);
    timer = setTimeout(tick, GRAPH_PACE);
  };
  const setPlaying = (wanted) => {
    if (playing === wanted) return;
    playing = wanted;
    play.textContent = playing ? text("pause") : text("play");
    clearTimeout(timer);
    if (!playing) return go(at);
    if (at >= header.steps.length) go(0);
    timer = setTimeout(tick, GRAPH_PACE / 2);
  };
  const KEYS = {
    ArrowLeft: () => go(at - 1),
    ArrowRight: () => go(at + 1),
    Home: () => go(0),
    End: () => go(header.steps.length),
    ArrowDown: () => point(((pointed ?? -1) + 1) % header.nodes.length),
    ArrowUp: () => point(((pointed ?? 0) + header.nodes.length - 1) % header.nodes.length),
    Escape: () => point(null),
    " ": () => setPlaying(!playing),
  };
  svg.addEventListener("keydown", (event) => {
    if (!KEYS[event.key]) return;
    event.preventDefault();
    if (event.key !== " ") setPlaying(false);
    KEYS[event.key]();
  });
  [first, back, onward, last, slider].forEach((one) => one.addEventListener("pointerdown", () => setPlaying(false)));

  const zoomTo = (wanted) => {
    chosenZoom = Math.max(0.4, Math.min(2, wanted));
    resize();
  };
  const resize = () => {
    if (!header) return;
    const room = scroller.clientWidth || 320;
    zoom = chosenZoom ?? Math.max(GRAPH_SMALLEST, Math.min(1.15, (room - 2) / header.width));
    svg.setAttribute("width", header.width * zoom);
    svg.setAttribute("height", header.height * zoom);
    follow();
  };

  const update = ({ header: next }, mounted) => {
    component = mounted;
    const other = header?.id !== next.id;
    header = next;
    if (other) {
      playing = false;
      clearTimeout(timer);
      clearTimeout(telling);
      pointed = null;
      at = Math.min(header.at ?? header.steps.length, header.steps.length);
      make();
    }
    svg.setAttribute("aria-label", text("label"));
    for (const [one, name] of [[first, "first"], [back, "back"], [onward, "onward"], [last, "last"], [slider, "slider"], [smaller, "smaller"], [larger, "larger"]]) one.setAttribute("aria-label", text(name));
    play.textContent = playing ? text("pause") : text("play");
    summary.textContent = text("table");
    host.style.setProperty("--gradient", themeOf(host).lines[1]);
    resize();
    draw();
    drawTable();
    host.dataset.version = Number(host.dataset.version ?? 0) + 1;
  };
  const destroy = () => {
    playing = false;
    clearTimeout(timer);
    clearTimeout(telling);
  };
  return { update, resized: resize, destroy };
};
