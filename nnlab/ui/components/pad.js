// The drawing pad. Strokes go to Python while one draws, one message in flight at most, and at pen-up at once.

export default (component, css) => mountView(component, css, createPad);

const PACE = 80; // milliseconds between two messages while the pen is down
const PATIENCE = 1500; // after so long an answer is taken for lost
const PEN_STEP = 6; // how far an arrow key moves the pen, in canvas pixels

const createPad = (host) => {
  const canvas = element("canvas", { class: "paper", tabindex: 0, role: "img" });
  const button = (name, act) => element("button", { type: "button", class: name, onclick: act });
  const undo = button("undo", () => takeBack());
  const clear = button("clear", () => change([]));
  const width = element("input", { type: "range", min: 8, max: 32, step: 1, value: 18 });
  const widthText = element("span");
  const widthLabel = element("label", {}, widthText, width);
  const sees = element("div", { class: "title" });
  const image = element("canvas", { class: "seen", role: "img", width: 28, height: 28 });
  const says = element("div", { class: "title" });
  const { bars, show: showBars } = createBars();
  const sentence = element("p", { class: "sentence", "aria-live": "polite" });
  host.append(
    element(
      "div",
      { class: "board" },
      element("div", { class: "desk" }, canvas, element("div", { class: "tools" }, undo, clear, widthLabel)),
      element("div", { class: "view" }, sees, image),
      element("div", { class: "answer" }, says, bars, sentence),
    ),
  );

  let header, component, strokes = [], pen = null, cursor = null, seq = 0, sent = 0, sentAt = -Infinity, timer = null;
  let penWidth = 18;
  const before = []; // what was drawn at each earlier moment, for undo

  // Strokes are flat lists x, y, x, y, ... in tenths of a canvas pixel.
  const tenths = (value) => Math.round(10 * Math.max(0, Math.min(header.size, value)));

  const send = () => {
    sentAt = performance.now();
    sent = seq;
    component.setStateValue("drawing", { seq, strokes });
  };
  // While the pen is down: not before the last answer has come, nor sooner than the pace. Else at once.
  const offer = (now) => {
    clearTimeout(timer);
    if (!component || seq === sent) return;
    const waited = performance.now() - sentAt;
    const until = header.seq < sent ? PATIENCE : PACE;
    if (now || waited >= until) send();
    else timer = setTimeout(() => offer(false), until - waited);
  };
  const changed = (now) => {
    seq += 1;
    offer(now); // before painting: the answer takes longer
    showState();
    paint();
  };
  const change = (next) => {
    pen = null;
    if (strokes.length) before.push(strokes);
    strokes = next;
    changed(true);
  };
  const takeBack = () => {
    pen = null;
    strokes = before.pop() ?? [];
    changed(true);
  };
  const showState = () => {
    clear.disabled = strokes.length === 0;
    undo.disabled = strokes.length === 0 && before.length === 0;
    canvas.dataset.strokes = strokes.length;
    canvas.dataset.seq = seq;
    canvas.dataset.answered = header.seq;
  };

  const paint = () => {
    const side = canvas.clientWidth || canvas.parentElement.clientWidth;
    const ratio = globalThis.devicePixelRatio || 1;
    const pixels = Math.round(side * ratio);
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
    const theme = themeOf(host);
    const context = canvas.getContext("2d");
    const scale = pixels / header.size;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, header.size, header.size);
    context.strokeStyle = context.fillStyle = theme.text;
    context.lineWidth = penWidth;
    context.lineCap = context.lineJoin = "round";
    for (const flat of strokes) {
      context.beginPath();
      context.moveTo(flat[0] / 10, flat[1] / 10);
      for (let i = 2; i < flat.length; i += 2) context.lineTo(flat[i] / 10, flat[i + 1] / 10);
      if (flat.length === 2) context.lineTo(flat[0] / 10 + 0.01, flat[1] / 10);
      context.stroke();
    }
    if (!cursor) return;
    context.lineWidth = 1.5;
    context.strokeStyle = theme.primary;
    context.beginPath();
    context.arc(cursor.x, cursor.y, penWidth / 2 + 2, 0, 2 * Math.PI);
    if (cursor.down) context.fill();
    context.stroke();
  };

  const where = (event) => {
    const edge = canvas.getBoundingClientRect();
    const scale = header.size / (edge.width - 2 * canvas.clientLeft);
    return [(event.clientX - edge.left - canvas.clientLeft) * scale, (event.clientY - edge.top - canvas.clientTop) * scale];
  };
  const extend = (x, y) => {
    const flat = strokes.at(-1);
    const [tx, ty] = [tenths(x), tenths(y)];
    if (flat.at(-2) !== tx || flat.at(-1) !== ty) flat.push(tx, ty);
  };
  const begin = (x, y) => {
    before.push(strokes);
    strokes = [...strokes, [tenths(x), tenths(y)]];
    changed(false);
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (pen !== null || !header || event.button !== 0) return; // a second finger does not draw
    canvas.setPointerCapture(event.pointerId);
    pen = event.pointerId;
    cursor = null;
    begin(...where(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) extend(...where(one));
    changed(false);
  });
  const lift = (event) => {
    if (event.pointerId !== pen) return;
    pen = null;
    changed(true);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !header) return;
    const step = STEPS[event.key];
    const name = event.key.toLowerCase();
    if (name === "u") takeBack();
    else if (name === "c") change([]);
    else if (step) {
      cursor ??= { x: header.size / 2, y: header.size / 2, down: false };
      const size = PEN_STEP * (event.shiftKey ? 4 : 1);
      cursor.x = Math.max(0, Math.min(header.size, cursor.x + step[0] * size));
      cursor.y = Math.max(0, Math.min(header.size, cursor.y + step[1] * size));
      if (cursor.down && strokes.length) {
        extend(cursor.x, cursor.y);
        changed(false);
      } else paint();
    } else if (event.key === " ") {
      cursor ??= { x: header.size / 2, y: header.size / 2, down: false };
      cursor.down = !cursor.down;
      if (cursor.down) begin(cursor.x, cursor.y);
      else changed(true);
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("blur", () => {
    cursor = null;
    if (header) paint();
  });
  width.addEventListener("input", () => {
    penWidth = Number(width.value);
    paint();
  });

  const showImage = (bytes) => {
    const context = image.getContext("2d");
    const [rows, columns] = header.shape ?? [28, 28];
    if (image.width !== columns || image.height !== rows) Object.assign(image, { width: columns, height: rows });
    const pixels = context.createImageData(columns, rows);
    const ink = new Uint8Array(bytes);
    for (let i = 0; i < rows * columns; i += 1) pixels.data.set([ink[i], ink[i], ink[i], 255], 4 * i);
    context.putImageData(pixels, 0, 0);
    image.dataset.ink = ink.reduce((sum, value) => sum + value, 0);
  };

  const update = ({ header: next, blobs }, given) => {
    const fresh = header === undefined;
    component = given;
    header = next;
    if (fresh) {
      // What was drawn before the reader went to another page.
      strokes = header.strokes ?? [];
      before.push(...strokes.map((_, i) => strokes.slice(0, i)));
      seq = sent = header.seq;
    }
    const { texts } = header;
    canvas.setAttribute("aria-label", texts.pad);
    undo.textContent = texts.undo;
    clear.textContent = texts.clear;
    widthText.textContent = texts.pen;
    widthLabel.title = texts.penHelp;
    sees.textContent = texts.sees;
    says.textContent = texts.says;
    image.setAttribute("aria-label", texts.sees);
    showState();
    showImage(blobs[0].byteLength ? blobs[0] : new ArrayBuffer(28 * 28));
    showBars(header.bars);
    bars.classList.toggle("faint", header.faint);
    if (sentence.textContent !== header.sentence) sentence.textContent = header.sentence;
    paint();
    if (seq !== sent) offer(pen === null);
  };

  return { update, resized: () => header && paint(), destroy: () => clearTimeout(timer) };
};
