// The drawing pad. While one draws, answers are asked for over a connection of its own (channel.js), one question
// in flight at most; the session is told at pen-up, and while the pen is down where a view of the page follows it.
// Where there is no such connection, the session answers all.

export default (component, css) => mountView(component, css, createPad);

const PACE = 50; // milliseconds between two questions while the pen is down
const SLOW = 3, SLOWEST = 180; // on a server that is busy: times as long as an answer took, and at most
const SESSION_PACE = 80; // between two messages to the session, without a channel
const FOLLOWING = 1200, PACE_BESIDE = 80; // with one, where a view of 7 to 12 KB follows: to the session, and by the channel
const BYTES = 6; // a millisecond, at most, of a long drawing told to the session
const PATIENCE = 1500; // after so long an answer is taken for lost
const PEN_STEP = 6; // how far an arrow key moves the pen, in canvas pixels
const CLOSE = 10; // tenths of a canvas pixel: points nearer to the last one say nothing new

const createPad = (host) => {
  const canvas = element("canvas", { class: "paper", tabindex: 0, role: "img" });
  const button = (name, act) => element("button", { type: "button", class: name, onclick: act });
  const undo = button("undo", () => takeBack());
  const clear = button("clear", () => change([]));
  const width = element("input", { type: "range", min: 8, max: 32, step: 1, value: 18 });
  const widthText = element("span");
  const widthLabel = element("label", {}, widthText, width);
  const keys = element("div", { class: "keys quiet" });
  const desk = element("div", { class: "desk" }, canvas, element("div", { class: "tools" }, undo, clear, widthLabel), keys);
  const board = createBoard(host, desk);

  let header, texts, component, strokes = [], pen = null, cursor = null, tail = null;
  let seq = 0; // counts the changes of the drawing; an answer carries the one it is for
  const asked = { session: 0, channel: 0 }, askedAt = { session: -Infinity, channel: -Infinity };
  const answered = { session: 0, channel: 0 };
  let shown = 0, took = 0, timer = null, penWidth = 18, config = "null", wasDown = false;
  const before = []; // what was drawn at each earlier moment, for undo
  const details = new WeakMap(); // by stroke: milliseconds since the point before, and pressures where there are any

  // Strokes are flat lists x, y, x, y, ... in tenths of a canvas pixel. One that is drawn on grows in place.
  const tenths = (value) => Math.round(10 * Math.max(0, Math.min(header.size, value)));
  const detailsOf = (flat) => details.get(flat) ?? { times: [], pressures: [] };
  const wanted = () => JSON.stringify({ ...header.channel, pen: penWidth });

  const isDown = () => pen !== null || Boolean(cursor?.down);
  const drawn = () => {
    const told = { strokes, times: strokes.map((flat) => detailsOf(flat).times), pen: penWidth };
    const pressures = strokes.map((flat) => detailsOf(flat).pressures);
    return pressures.some((some) => some.length) ? { ...told, pressures } : told;
  };
  const tellSession = () => {
    askedAt.session = performance.now();
    asked.session = seq;
    component.setStateValue("drawing", { seq, ...drawn(), down: isDown(), texts: header.textsName });
  };
  const askChannel = () => {
    askedAt.channel = performance.now();
    asked.channel = seq;
    channel.ask(seq, strokes, wanted());
  };
  const size = () => strokes.reduce((sum, flat) => sum + 7 * flat.length, 0); // bytes of the drawing, about
  // While the pen is down: not before the last answer has come, nor sooner than the pace. Else at once.
  const due = (who, pace, now) => {
    if (seq === asked[who]) return Infinity;
    if (now) return 0;
    const waited = performance.now() - askedAt[who];
    return Math.max(0, (answered[who] < asked[who] ? PATIENCE : pace) - waited);
  };
  const offer = (now) => {
    clearTimeout(timer);
    if (!component) return;
    const quick = Boolean(header.channel) && channel.ready();
    const waits = [];
    if (quick) {
      const wait = due("channel", Math.max(header.follows ? PACE_BESIDE : PACE, Math.min(SLOW * took, SLOWEST)), now);
      if (wait <= 0) askChannel();
      else waits.push(wait);
    }
    if (!quick || now || header.follows) {
      const wait = due("session", Math.max(quick ? FOLLOWING : SESSION_PACE, size() / BYTES), now);
      if (wait <= 0) tellSession();
      else waits.push(wait);
    }
    const next = Math.min(...waits);
    if (next < Infinity) timer = setTimeout(() => offer(false), next);
  };
  const changed = (now) => {
    seq += 1;
    if (wasDown !== isDown()) announcePen((wasDown = isDown()));
    if (now) keepDrawing(drawn());
    offer(now); // before painting: the answer takes longer
    showState();
    paint();
  };
  const change = (next) => {
    pen = tail = null;
    if (strokes.length) before.push(strokes);
    strokes = next;
    changed(true);
  };
  const takeBack = () => {
    pen = tail = null;
    strokes = before.pop() ?? [];
    changed(true);
  };
  const showState = () => {
    clear.disabled = strokes.length === 0;
    undo.disabled = strokes.length === 0 && before.length === 0;
    canvas.dataset.strokes = strokes.length;
    canvas.dataset.seq = seq;
    canvas.dataset.answered = shown;
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
    tracePaths(context, strokes, 0.1, 0, 0);
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
  const put = (x, y, time, pressure) => {
    const flat = strokes.at(-1);
    const { times, pressures, last } = details.get(flat);
    flat.push(x, y);
    times.push(Math.max(0, Math.round(time - last)));
    if (pressure !== null) pressures.push(Math.round(255 * pressure));
    details.get(flat).last = time;
  };
  const extend = (x, y, time, pressure) => {
    const flat = strokes.at(-1);
    const [tx, ty] = [tenths(x), tenths(y)];
    const away = Math.hypot(tx - flat.at(-2), ty - flat.at(-1));
    tail = away > 0 && away < CLOSE ? [tx, ty, time, pressure] : null;
    if (away >= CLOSE) put(tx, ty, time, pressure);
    return away >= CLOSE;
  };
  const finish = () => {
    if (tail) put(...tail);
    tail = null;
  };
  const begin = (x, y, time, pressure) => {
    before.push(strokes);
    const flat = [tenths(x), tenths(y)];
    const since = strokes.length ? time - (details.get(strokes.at(-1))?.last ?? time) : 0;
    details.set(flat, { times: [Math.max(0, Math.round(since))], pressures: pressure === null ? [] : [Math.round(255 * pressure)], last: time });
    strokes = [...strokes, flat];
    changed(false);
  };
  // A mouse has no pressure, and reports a half.
  const pressureOf = (event) => (event.pointerType === "pen" ? event.pressure : null);

  canvas.addEventListener("pointerdown", (event) => {
    if (pen !== null || !header || event.button !== 0) return; // a second finger does not draw
    canvas.setPointerCapture(event.pointerId);
    pen = event.pointerId;
    cursor = null;
    begin(...where(event), event.timeStamp, pressureOf(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    const all = event.getCoalescedEvents?.() ?? [];
    let grown = false;
    for (const one of all.length ? all : [event]) grown = extend(...where(one), one.timeStamp, pressureOf(one)) || grown;
    if (grown) changed(false);
  });
  const lift = (event) => {
    if (event.pointerId !== pen) return;
    pen = null;
    finish();
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
      const far = PEN_STEP * (event.shiftKey ? 4 : 1);
      cursor.x = Math.max(0, Math.min(header.size, cursor.x + step[0] * far));
      cursor.y = Math.max(0, Math.min(header.size, cursor.y + step[1] * far));
      if (cursor.down && strokes.length) {
        extend(cursor.x, cursor.y, event.timeStamp, null);
        changed(false);
      } else paint();
    } else if (event.key === " ") {
      cursor ??= { x: header.size / 2, y: header.size / 2, down: false };
      cursor.down = !cursor.down;
      if (cursor.down) begin(cursor.x, cursor.y, event.timeStamp, null);
      else changed(true);
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    if (!header || !canvas.matches(":focus-visible")) return;
    cursor ??= { x: header.size / 2, y: header.size / 2, down: false }; // who came by the keyboard sees the pen
    paint();
  });
  canvas.addEventListener("blur", () => {
    const drawing = cursor?.down;
    cursor = null;
    if (!header) return;
    paint();
    if (drawing) changed(true);
  });
  width.addEventListener("input", () => {
    penWidth = Number(width.value);
    if (header.channel?.off.includes("ink") && strokes.length) changed(false);
    else paint();
  });
  width.addEventListener("change", () => strokes.length && changed(true));

  const showAnswer = (found, blobs) => {
    const probabilities = found.shape ? new Float32Array(blobs[1]) : null;
    shown = found.seq;
    const count = found.shape ? found.shape.reduce((product, side) => product * side) : 784;
    const shape = found.shape ?? [1, 28, 28];
    const pixels = found.shape ? expand(blobs[0], count) : new Uint8Array(784);
    board.showImage(pixels, shape);
    const classes = header.classes;
    board.showAnswer({ classes, probabilities, most: header.most, doubt: found.doubt, problem: found.problem });
    if (found.stages) {
      const inked = found.given ? pixels : expand(blobs[2], 784);
      const seconds = strokes.reduce((sum, flat) => detailsOf(flat).times.reduce((a, b) => a + b, sum), 0) / 1000;
      announceStages({ stages: found.stages, seq: found.seq, pixels, inked, shape, strokes, seconds, pen: penWidth, size: header.size });
    }
  };
  // From the channel; null where it has opened or closed.
  const heard = (answer) => {
    if (answer && !answer.header.lost) {
      const { header: found, blobs } = answer;
      answered.channel = found.seq;
      took = performance.now() - askedAt.channel;
      if (found.seq > shown && found.config === header.channelName) {
        showAnswer(found, blobs);
        showState();
      }
    } else if (answer) {
      channel.forget();
      answered.channel = asked.channel;
      asked.channel = -1;
    } else asked.channel = answered.channel = 0;
    if (header && (isDown() || seq > shown)) offer(false);
  };
  const channel = createChannel(heard);

  const update = ({ header: next, blobs }, given) => {
    const fresh = header === undefined;
    component = given;
    header = next;
    answered.session = header.seq;
    if (header.texts) texts = header.texts;
    if (fresh) {
      // What was drawn before the reader went to another page, or before the page was loaded again.
      const kept = header.seq === 0 && !header.strokes?.length ? keptDrawing() : null;
      const earlier = kept ?? header;
      strokes = earlier.strokes ?? [];
      strokes.forEach((flat, i) => {
        details.set(flat, { times: earlier.times?.[i] ?? [], pressures: earlier.pressures?.[i] ?? [], last: performance.now() });
      });
      before.push(...strokes.map((_, i) => strokes.slice(0, i)));
      asked.session = asked.channel = header.seq;
      seq = header.seq + (kept || header.down ? 1 : 0); // which the session does not know yet
      penWidth = earlier.pen;
      width.value = penWidth;
    }
    if (config !== header.channelName) {
      config = header.channelName;
      shown = -1; // another network or other stages: what they say counts, even if the pen has gone on
      asked.channel = answered.channel = header.seq;
    }
    if (header.channel) channel.open(header.path);
    canvas.setAttribute("aria-label", texts.pad);
    undo.textContent = texts.undo;
    clear.textContent = texts.clear;
    widthText.textContent = texts.pen;
    widthLabel.title = texts.penHelp;
    keys.textContent = texts.keys;
    board.showTexts(texts);
    if (header.seq >= shown) showAnswer(header, blobs);
    showState();
    paint();
    if (seq !== header.seq) offer(!isDown());
  };

  const leave = () => header && keepDrawing(drawn());
  addEventListener("pagehide", leave);
  const destroy = () => {
    clearTimeout(timer);
    removeEventListener("pagehide", leave);
    channel.close();
    board.destroy();
  };
  return { update, resized: () => header && paint(), destroy };
};
