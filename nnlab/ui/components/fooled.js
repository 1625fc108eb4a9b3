// The same drawing before several networks. It is moved here; what they say of it comes from Python. One
// question is in flight at most, and what is moved meanwhile is asked for afterwards.

export default (component, css) => mountView(component, css, createFooled);

const CELL = 15; // CSS pixels of a shift
const LOST = 3000; // milliseconds after which an answer is taken for lost
const LOOK = 700; // between two looks at trainings that go on
const TONES = { light: ["#1668b0", "#c2500a"], dark: ["#4f9fdd", "#e08a3c"] }; // the wanted answer, and another

const createFooled = (host) => {
  const drawing = element("canvas", { class: "drawing", tabindex: 0, role: "img" });
  const back = element("button", { type: "button", onclick: () => move({ x: 0, y: 0, rotate: 0, width: 0 }) });
  const sliders = Object.fromEntries(["x", "y", "rotate", "width"].map((name) => {
    const input = element("input", { type: "range", oninput: () => move({ [name]: Number(input.value) }) });
    const [written, number] = [element("span"), element("span", { class: "number" })];
    return [name, { input, written, number, label: element("label", {}, written, input, number) }];
  }));
  const hint = element("p", { class: "quiet" });
  const desk = element("div", { class: "desk" }, drawing, ...Object.values(sliders).map(({ label }) => label), back);
  const cards = element("div", { class: "cards" });
  const summary = element("p", { class: "summary" });
  const readout = element("p", { class: "readout number", "aria-live": "polite" });
  const keys = element("div", { class: "keys" });
  host.append(element("div", { class: "split" }, desk, element("div", {}, summary, cards, readout, keys)));
  let header, blobs, component, moves, seq = 0, sent = 0, sentAt = 0, timer = null, looking = null, made = [];
  let from = null; // where a drag began

  const send = () => {
    sent = seq;
    sentAt = performance.now();
    component.setStateValue("moved", { seq, ...moves });
  };
  const offer = () => {
    clearTimeout(timer);
    if (seq === sent) return;
    const waited = performance.now() - sentAt;
    if (header.seq >= sent || waited > LOST) send();
    else timer = setTimeout(offer, LOST - waited);
  };
  const move = (changes) => {
    const { shift, rotate, thin, wide } = header.limits;
    const within = (value, low, high) => Math.max(low, Math.min(high, value));
    const next = { ...moves, ...changes };
    moves = {
      x: Math.round(within(next.x, -shift, shift)),
      y: Math.round(within(next.y, -shift, shift)),
      rotate: within(next.rotate, -rotate, rotate),
      width: Number(within(next.width, thin, wide).toFixed(3)),
    };
    seq += 1;
    showMoves();
    offer();
  };

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  drawing.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    move({ x: moves.x + step[0], y: moves.y + step[1] });
  });
  const pixel = () => drawing.clientWidth / header.shape[1];
  drawing.addEventListener("pointerdown", (event) => {
    drawing.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, at: { ...moves } };
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [from.at.x + (event.clientX - from.x) / pixel(), from.at.y + (event.clientY - from.y) / pixel()];
    if (Math.round(x) !== moves.x || Math.round(y) !== moves.y) move({ x, y });
  });
  for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => (from = null));

  const signedText = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value)}`;
  const shiftText = ({ x, y }) => {
    const { texts } = header;
    const words = [[x, x < 0 ? texts.left : texts.right], [y, y < 0 ? texts.up : texts.down]];
    const told = words.filter(([value]) => value).map(([value, word]) => word.replace("{count}", Math.abs(value)));
    return told.join(", ") || texts.still;
  };
  const showMoves = () => {
    for (const [name, { input, number }] of Object.entries(sliders)) {
      if (Number(input.value) !== moves[name]) input.value = moves[name];
      number.textContent = `${signedText(Number(moves[name].toFixed(1)))}${name === "rotate" ? "°" : " px"}`;
    }
    back.disabled = Object.values(moves).every((value) => value === 0);
    made.forEach(({ mark }) => mark());
  };

  const showDrawing = () => {
    const pixels = new Uint8Array(blobs[0]);
    const [height, width] = header.shape;
    if (drawing.width !== width || drawing.height !== height) Object.assign(drawing, { width, height });
    const context = drawing.getContext("2d");
    const picture = context.createImageData(width, height);
    pixels.forEach((tone, place) => picture.data.set([tone, tone, tone, 255], 4 * place));
    context.putImageData(picture, 0, 0);
  };

  const createCard = () => {
    const name = element("h4");
    const about = element("div", { class: "quiet about" });
    const [answer, percent] = [element("b", { class: "says" }), element("span", { class: "number" })];
    const grid = element("canvas", { class: "grid", tabindex: 0, role: "img" });
    const line = element("div", { class: "line" });
    const box = element("section", {}, name, about, element("div", { class: "answer" }, answer, percent), grid, line);
    let network = null, seen = null, answers, shares, pointed = null; // `seen`: of which the grid is drawn
    const span = () => header.span;

    const colour = (hex, share, paper) => {
      const [a, b] = [rgbOf(hex), paper];
      return `rgb(${a.map((value, i) => Math.round(b[i] + share * (value - b[i]))).join(" ")})`;
    };
    const draw = () => {
      if (!network || network.grid === null) return;
      const theme = themeOf(host);
      const side = network.side;
      const context = sizeCanvas(grid, CELL * side + 2, CELL * side + 2);
      const paper = theme.dark ? [23, 29, 37] : [245, 245, 242];
      const tones = TONES[theme.dark ? "dark" : "light"];
      context.font = `600 10px ${theme.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      for (let place = 0; place < side * side; place += 1) {
        const [x, y] = [1 + CELL * (place % side), 1 + CELL * Math.floor(place / side)];
        const kept = answers[place] === network.wanted;
        const share = 0.35 + 0.65 * (shares[place] / 255);
        context.fillStyle = colour(tones[kept ? 0 : 1], share, paper);
        context.fillRect(x, y, CELL - 1, CELL - 1);
        if (kept) continue;
        context.fillStyle = share > 0.6 && !theme.dark ? "#ffffff" : theme.dark ? "#10161d" : theme.text;
        const text = String(network.classes[answers[place]]);
        if (text.length < 3) context.fillText(text, x + CELL / 2 - 0.5, y + CELL / 2);
      }
      frame(context, moves.x, moves.y, theme.text, 2);
      if (pointed) frame(context, pointed.x, pointed.y, theme.primary, 2);
    };
    const frame = (context, x, y, tone, width) => {
      if (Math.max(Math.abs(x), Math.abs(y)) > span()) return;
      context.strokeStyle = tone;
      context.lineWidth = width;
      context.strokeRect(1 + CELL * (x + span()) - 0.5, 1 + CELL * (y + span()) - 0.5, CELL, CELL);
    };
    const point = (at) => {
      pointed = at;
      draw();
      if (!at) return (readout.textContent = "\u00a0");
      const place = (at.y + span()) * network.side + at.x + span();
      readout.textContent = `${network.name} · ${header.texts.at
        .replace("{shift}", shiftText(at))
        .replace("{answer}", network.classes[answers[place]])
        .replace("{percent}", ((100 * shares[place]) / 255).toFixed(0))}`;
    };
    const under = (event) => {
      const at = grid.getBoundingClientRect();
      const cell = (value) => Math.max(0, Math.min(network.side - 1, Math.floor((value - 1) / CELL))) - span();
      return { x: cell(event.clientX - at.left), y: cell(event.clientY - at.top) };
    };
    grid.addEventListener("pointermove", (event) => point(under(event)));
    grid.addEventListener("pointerleave", () => point(null));
    grid.addEventListener("click", (event) => move(under(event)));
    grid.addEventListener("blur", () => pointed && point(null));
    grid.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (event.key === "Enter" && pointed) move(pointed);
      if (!step) return;
      event.preventDefault();
      const start = pointed ?? { x: 0, y: 0 };
      const within = (value) => Math.max(-span(), Math.min(span(), value));
      point({ x: within(start.x + step[0]), y: within(start.y + step[1]) });
    });

    const show = (given) => {
      network = given;
      name.textContent = network.name;
      about.textContent = network.about;
      answer.textContent = network.answer;
      percent.textContent = `${network.percent.toFixed(1)}%`;
      answer.style.color = network.kept ? "" : TONES[themeOf(host).dark ? "dark" : "light"][1];
      line.textContent = network.line;
      if (network.waiting) {
        network = { ...seen, ...network, grid: seen?.grid ?? null }; // as it was, faded
        grid.hidden = !seen;
      } else {
        grid.hidden = network.grid === null;
        seen = grid.hidden ? null : network;
      }
      grid.classList.toggle("old", Boolean(network.waiting));
      if (!grid.hidden && !network.waiting) {
        answers = new Uint16Array(blobs[network.grid]);
        shares = new Uint8Array(blobs[network.grid + 1]);
        grid.setAttribute("aria-label", `${network.name}: ${header.texts.grid}. ${network.line}`);
      }
      draw();
    };
    return { box, show, draw, mark: draw };
  };

  const showTexts = () => {
    const { texts, limits } = header;
    drawing.setAttribute("aria-label", texts.drawing.replaceAll("{size}", header.shape[0]));
    drawing.title = drawing.getAttribute("aria-label");
    for (const [name, { input, written, label }] of Object.entries(sliders)) {
      written.textContent = texts[name];
      const turn = name === "rotate";
      const [low, high] = name === "width" ? [limits.thin, limits.wide] : turn ? [-limits.rotate, limits.rotate] : [-limits.shift, limits.shift];
      Object.assign(input, { min: low, max: high, step: name === "width" ? 0.2 : 1 });
      if (name === "width") {
        input.disabled = !header.hasPen;
        label.title = header.hasPen ? "" : texts.noPen;
      }
    }
    back.textContent = texts.back;
    const tone = (at, text) => {
      const square = element("i");
      square.style.background = TONES[themeOf(host).dark ? "dark" : "light"][at];
      return element("span", {}, square, text);
    };
    keys.replaceChildren(tone(0, texts.same), tone(1, texts.other), element("span", {}, texts.hint));
    summary.classList.toggle("old", header.waiting);
    if (header.waiting) return;
    summary.textContent = header.summary;
    summary.hidden = !header.summary;
  };

  const update = ({ header: next, blobs: given }, mounted) => {
    const fresh = header === undefined;
    [component, header, blobs] = [mounted, next, given];
    if (fresh) seq = sent = header.seq;
    if (fresh || seq === header.seq) moves = { ...header.moves };
    showTexts();
    showMoves();
    showDrawing();
    if (made.length !== header.networks.length) {
      made = header.networks.map(createCard);
      cards.replaceChildren(...made.map(({ box }) => box));
    }
    made.forEach(({ show }, at) => show(header.networks[at]));
    if (!readout.textContent) readout.textContent = "\u00a0";
    Object.assign(host.dataset, { seq: header.seq, networks: header.networks.length, updates: Number(host.dataset.updates ?? 0) + 1 });
    clearTimeout(looking);
    if (header.going) looking = setTimeout(() => component.setStateValue("tick", Date.now()), LOOK);
    offer();
  };
  return {
    update,
    resized: () => made.forEach(({ draw }) => draw()),
    destroy: () => {
      clearTimeout(timer);
      clearTimeout(looking);
    },
  };
};
